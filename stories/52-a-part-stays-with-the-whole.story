# 52 – a part stays with the whole

Proves: D15, E03

Given campaign TEN: 10.00 off, by code
And   code TEN of TEN
And   campaign FIFTH: 20 % off, by code
And   code FIFTH of FIFTH

When  the shopper redeems order 1: 5 mugs at 20.00, with TEN, with FIFTH
Then  TEN takes 10.00
And   FIFTH takes 18.00, total 72.00
When  TEN on order 1 is taken back
Then  it is refused: part of a whole
When  FIFTH on order 1 is taken back
Then  it is refused: part of a whole
And   order 1 is paid, 72.00 to pay
And   TEN is used 1 time

When  order 1 comes back
Then  order 1 is canceled, 100.00 to pay
And   TEN is used 0 times
And   FIFTH is used 0 times

When  the shopper redeems order 2: 4 mugs at 20.00, with FIFTH
Then  FIFTH takes 16.00, total 64.00
When  20.00 of order 2 comes back
Then  FIFTH is used 1 time
When  order 2 comes back
Then  order 2 is canceled, 80.00 to pay
And   FIFTH is used 0 times
And   the books balance
