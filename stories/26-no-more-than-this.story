# 26 – no more than this

Proves: D04, D15

Given product mug: costs 3.00, category kitchen
And   product poster: costs 5.00, category walls
And   campaign BASKET: costs 25.00, by code
And   code BASKET of BASKET
And   campaign TEN: costs 10.00, on kitchen only, by code
And   code TEN of TEN

When  ann validates order 1: 2 mugs at 8.00, 1 poster at 20.00, with BASKET
Then  BASKET takes 11.00, total 25.00

When  ann validates order 2: 1 poster at 20.00, with BASKET
Then  BASKET is refused: would change nothing

When  bob validates order 3: 2 mugs at 12.00, 1 poster at 20.00, with TEN
Then  TEN takes 4.00, total 40.00
And   TEN takes 4.00 off line 1

When  bob validates order 4: 2 mugs at 8.00, with TEN
Then  TEN is refused: would change nothing

When  cleo validates order 5: 2 mugs at 12.00, 1 poster at 20.00, with TEN, with BASKET
Then  TEN takes 4.00
And   BASKET takes 15.00, total 25.00
And   the books balance
