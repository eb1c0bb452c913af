# 38 – a card for the kitchen

Proves: D15, X01

Given product mug: costs 3.00, category kitchen
And   product bowl: costs 2.00, category kitchen
And   gift card KITCHEN with 20.00 for 365 days, on kitchen only
Then  gift cards owe 20.00

When  the shopper validates order 1: 2 mugs at 8.00, 1 poster at 20.00, shipping 4.90, with KITCHEN
Then  KITCHEN takes 16.00, total 24.90
And   KITCHEN takes 16.00 off line 1
And   gift card KITCHEN: 0.00 spent, 16.00 held, 4.00 left
When  the shopper pays order 1
Then  gift card KITCHEN: 16.00 spent, 0.00 held, 4.00 left

When  the shopper validates order 2: 1 poster at 20.00, with KITCHEN
Then  KITCHEN is refused: nothing it pays for
When  the shopper validates order 3: 1 mug at 8.00, 1 bowl at 5.00, with KITCHEN
Then  KITCHEN takes 4.00, total 9.00
And   KITCHEN takes 2.46 off line 1
And   KITCHEN takes 1.54 off line 2
When  the shopper pays order 3
Then  gift card KITCHEN: 20.00 spent, 0.00 held, 0.00 left
And   gift cards owe 0.00
When  the shopper validates order 4: 1 mug at 8.00, with KITCHEN
Then  KITCHEN is refused: balance spent
And   the books balance
