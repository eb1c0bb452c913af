# 51 – two at one order

Proves: D13, D15

Given campaign FIVE: 5.00 off, by code
And   code FIVE of FIVE
And   campaign TEN: 10.00 off, by code
And   code TEN of TEN
And   campaign MORE: 10.00 off, by code
And   code MORE of MORE

When  the shopper redeems order 1: 1 poster at 23.00, with FIVE
Then  FIVE takes 5.00, total 18.00
When  the shopper redeems TEN, MORE on order 1 at once
Then  together they take 18.00
And   order 1 is paid, 0.00 to pay
And   the shop has 1 order
And   TEN is used 1 time
And   MORE is used 1 time
And   the books balance
