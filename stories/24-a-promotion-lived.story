# 24 – a promotion lived

Proves: D04, D05, D15

Given product mug: costs 8.00
And   campaign SMALL: 5.00 off, place 1, if order.amount >= 5000
And   campaign LARGE: 10 % off, budget 20.00, while budget lasts, place 2, if order.amount >= 10000

When  ann asks for the best of order 1: 2 mugs at 20.00
Then  SMALL is refused: order too small
And   LARGE is refused: order too small
And   the total is 40.00

When  ann asks for the best of order 1: 6 mugs at 20.00
Then  the best is SMALL, LARGE, saving 16.50

When  ann validates order 1: 6 mugs at 20.00
Then  SMALL takes 5.00
And   LARGE takes 11.50, total 103.50
And   budget LARGE: 0.00 spent, 11.50 held, 8.50 left

When  ann pays order 1
Then  budget LARGE: 11.50 spent, 0.00 held, 8.50 left

When  bob asks for the best of order 2: 6 mugs at 20.00
Then  the best is SMALL, saving 5.00
And   LARGE is refused: budget spent

When  order 1 comes back
Then  budget LARGE: 0.00 spent, 0.00 held, 20.00 left
And   the books balance
