# 46 – a validation leaves nothing but its hold

Proves: D13, D15

Given campaign SPRING: 10 % off, by code, budget 10.00
And   code HELLO of SPRING, 1 use
And   the shop listens for customer.created, redemption.succeeded, redemption.failed

When  the guest validates order 1: 4 mugs at 20.00, with HELLO, for the catalogue
Then  SPRING takes 8.00, total 72.00, held until 12:30
And   budget SPRING: 0.00 spent, 8.00 held, 2.00 left
And   the shop has 0 orders
And   the catalogue has no mug
And   HELLO is used 0 times
And   the shop is told of nothing

When  the shopper validates order 2: 1 mug at 20.00, with HELLO
Then  SPRING is refused: used up
And   the shop does not know the shopper
When  12:30 passes
Then  budget SPRING: 0.00 spent, 0.00 held, 10.00 left
When  the shopper validates order 2: 1 mug at 20.00, with HELLO
Then  SPRING takes 2.00, total 18.00, held until 13:00
And   the shop is told of nothing
And   the books balance
