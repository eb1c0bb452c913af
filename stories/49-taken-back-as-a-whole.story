# 49 – taken back as a whole

Proves: C07, D15, E03

Given campaign SPRING: 10 % off, by code, budget 20.00
And   code HELLO of SPRING, 1 use
And   gift card GIFT with 50.00 for 365 days
And   the shop listens for redemption.rollback.succeeded

When  the shopper redeems order 1: 4 mugs at 20.00, with HELLO, with GIFT
Then  SPRING takes 8.00
And   GIFT takes 50.00, total 22.00
And   the shop is told of nothing
When  order 1 comes back
Then  order 1 is canceled, 80.00 to pay
And   HELLO is used 0 times
And   budget SPRING: 0.00 spent, 0.00 held, 20.00 left
And   gift card GIFT: 0.00 spent, 0.00 held, 50.00 left
And   the shop is told of redemption.rollback.succeeded, redemption.rollback.succeeded

Given the shop leaves orders as they are
When  the shopper redeems order 2: 4 mugs at 20.00, with HELLO
Then  SPRING takes 8.00, total 72.00
When  order 2 comes back
Then  order 2 is paid, 72.00 to pay
And   HELLO is used 0 times
And   budget SPRING: 0.00 spent, 0.00 held, 20.00 left
And   the shop is told of redemption.rollback.succeeded
When  SPRING on order 2 is taken back
Then  it is refused: taken back already
And   the shop is told of nothing
And   the books balance
