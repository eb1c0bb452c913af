# 47 – what a redemption does

Proves: D13, D15, C07

Given loyalty programme CLUB: 1 point per 1.00
And   the member joins CLUB
And   campaign SPRING: 10 % off, by code, budget 20.00
And   code HELLO of SPRING, 2 uses
And   the shop listens for customer.created, redemption.succeeded

When  the guest redeems order 1: 4 mugs at 20.00, with HELLO, for the catalogue
Then  SPRING takes 8.00, total 72.00
And   the shop knows the guest
And   the shop has 1 order
And   order 1 is paid, 72.00 to pay
And   the catalogue has mug at 20.00
And   HELLO is used 1 time
And   budget SPRING: 8.00 spent, 0.00 held, 12.00 left
And   the shop is told of customer.created, redemption.succeeded

When  the member redeems order 2: 3 posters at 10.00, with HELLO
Then  SPRING takes 3.00, total 27.00
And   order 2 is paid, 27.00 to pay
And   the member has 30 points
And   the catalogue has no poster
And   HELLO is used 2 times
And   budget SPRING: 11.00 spent, 0.00 held, 9.00 left
And   the shop is told of redemption.succeeded
And   the books balance
