# 50 – two codes, one after the other

Proves: D15, E03

Given campaign TEN: 10.00 off, by code
And   code TEN of TEN
And   campaign MORE: 10.00 off, by code
And   code MORE of MORE

When  the shopper redeems order 1: 1 poster at 18.00, with TEN
Then  TEN takes 10.00, total 8.00
When  the shopper redeems MORE on order 1
Then  MORE takes 8.00, total 0.00
And   order 1 is paid, 0.00 to pay
And   the shop has 1 order

When  MORE on order 1 is taken back
Then  MORE is used 0 times
And   TEN is used 1 time
When  TEN on order 1 is taken back
Then  order 1 is canceled, 18.00 to pay
And   TEN is used 0 times
And   the books balance
