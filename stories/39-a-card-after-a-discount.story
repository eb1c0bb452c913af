# 39 – a card after a discount

Proves: D15, E03, X01

Given product mug: costs 3.00, category kitchen
And   campaign QUARTER: 25 % off, on kitchen only, by code
And   code QUARTER of QUARTER
And   gift card KITCHEN with 50.00 for 365 days, on kitchen only
And   gift card ANY with 50.00 for 365 days

When  the shopper validates order 1: 2 mugs at 8.00, 1 poster at 20.00, with QUARTER, with KITCHEN
Then  QUARTER takes 4.00
And   KITCHEN takes 12.00, total 20.00
When  the shopper pays order 1
Then  gift card KITCHEN: 12.00 spent, 0.00 held, 38.00 left
And   gift cards owe 88.00

When  the guest validates order 2: 2 mugs at 8.00, 1 poster at 20.00, with QUARTER, with KITCHEN, with ANY
Then  KITCHEN takes 12.00
And   ANY takes 20.00, total 0.00
When  the guest pays order 2
Then  gift cards owe 56.00

When  order 1 comes back
Then  gift card KITCHEN: 12.00 spent, 0.00 held, 38.00 left
And   gift cards owe 68.00
And   the books balance
