# 45 – a code of their own

Proves: D06, D15

Given campaign SPRING: 20 % off, by code, 3 uses in all, budget 50.00
And   the member is sent a code of SPRING
And   the guest is sent a code of SPRING

When  the member redeems order 1: 2 mugs at 20.00, with SPRING
Then  SPRING takes 8.00, total 32.00
When  the guest redeems order 2: 1 mug at 20.00, with SPRING
Then  SPRING takes 4.00, total 16.00
When  the guest redeems order 3: 1 bowl at 10.00, with SPRING of the member
Then  SPRING takes 2.00, total 8.00
And   budget SPRING: 14.00 spent, 0.00 held, 36.00 left

When  the member redeems order 4: 1 mug at 20.00, with SPRING
Then  the order is not paid: used up
When  order 1 comes back
And   the member redeems order 4: 1 mug at 20.00, with SPRING
Then  SPRING takes 4.00, total 16.00
And   budget SPRING: 10.00 spent, 0.00 held, 40.00 left
And   the books balance
