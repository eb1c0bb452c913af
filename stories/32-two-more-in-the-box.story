# 32 – two more in the box

Proves: D04, D15

Given product mug: costs 3.00, sold at 8.00
And   campaign EXTRA: 2 extra mugs free, by code
And   code EXTRA of EXTRA
And   campaign HALF: 50 % off, by code
And   code HALF of HALF

When  the shopper validates order 1: 1 poster at 20.00, with EXTRA
Then  EXTRA takes 16.00, total 20.00

When  the shopper validates order 2: 3 mugs at 7.50, with EXTRA
Then  EXTRA takes 15.00, total 22.50

When  the guest validates order 3: 1 poster at 20.00, with EXTRA, with HALF
Then  EXTRA takes 16.00
And   HALF takes 10.00, total 10.00
And   the books balance
