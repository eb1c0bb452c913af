# 34 – a box of several

Proves: D04, D15

Given product mug: costs 3.00, sold at 8.00
And   product bowl: costs 2.00, sold at 5.00
And   campaign BOX: 1 mug free, 2 extra bowls free, by code
And   code BOX of BOX

When  the shopper validates order 1: 1 poster at 20.00, with BOX
Then  BOX takes 18.00, total 20.00

When  the shopper validates order 2: 2 mugs at 8.00, 1 bowl at 5.00, with BOX
Then  BOX takes 18.00, total 13.00
And   BOX takes 8.00 off line 1
And   the books balance
