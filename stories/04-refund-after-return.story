# 04 – refund after return

Proves: D06, E03, T13

Given campaign SPRING: 10 % off, budget 20.00, 2 uses per customer
And   campaign LOYAL: 1 point per 1.00, always
And   ann agrees to offers and measuring
When  ann validates order 1: 4 mugs at 20.00
Then  SPRING takes 8.00, total 72.00
And   LOYAL gives 72 points
And   ann has 0 points
When  ann pays order 1
Then  budget SPRING: 8.00 spent, 0.00 held, 12.00 left
And   ann has 1 use of SPRING left
And   ann has 72 points

When  3 days pass
And   20.00 of order 1 comes back
Then  budget SPRING: 6.00 spent, 0.00 held, 14.00 left
And   ann has 54 points
And   ann has 1 use of SPRING left
And   customer.refunded of ann is 1800

When  order 1 comes back
Then  budget SPRING: 0.00 spent, 0.00 held, 20.00 left
And   ann has 0 points
And   ann has 2 uses of SPRING left
And   customer.refunded of ann is 7200
And   the statement of SPRING: 0 redemptions, 0.00 revenue, 0.00 goods, 0.00 discount
And   the books balance
