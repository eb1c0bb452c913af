# 29 – ten off the order

Proves: D04, D15

Given campaign TEN: 10.00 off, by code
And   code TEN of TEN
And   campaign TENTH: 10 % off, by code
And   code TENTH of TENTH

When  the shopper validates order 1: 2 mugs at 8.00, 1 poster at 20.00, with TEN
Then  TEN takes 10.00, total 26.00

When  the shopper validates order 2: 1 mug at 8.00, shipping 4.90, with TEN
Then  TEN takes 8.00, total 4.90

When  the guest validates order 3: 2 mugs at 8.00, 1 poster at 20.00, with TENTH, with TEN
Then  TENTH takes 3.60
And   TEN takes 10.00, total 22.40

When  the guest validates order 4: 2 mugs at 8.00, 1 poster at 20.00, with TEN, with TENTH
Then  TEN takes 10.00
And   TENTH takes 2.60, total 23.40
And   the books balance
