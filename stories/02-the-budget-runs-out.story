# 02 – the budget runs out

Proves: D06, D13, X05, M08

Given  campaign SPRING: 10 % off, at most 8.00 each, budget 10.00, while budget lasts
When   ann validates order 1: 4 mugs at 20.00        (12:00)
Then   SPRING takes 8.00, total 72.00, held until 12:30
When   bob validates order 2: 1 mug at 20.00
Then   SPRING takes 2.00, total 18.00
When   cleo validates order 3: 1 mug at 20.00
Then   SPRING is refused: budget spent
When   ann pays order 1
And    12:30 passes
Then   budget SPRING: 8.00 spent, 0.00 held, 2.00 left
And    the books balance

When   dan validates order 4: 2 mugs at 20.00
Then   SPRING is refused: budget spent
And    the total is 40.00
When   bob pays order 2
Then   SPRING takes 2.00, total 18.00
And    budget SPRING: 10.00 spent, 0.00 held, 0.00 left

Given  campaign AUTUMN: 10 % off, budget 5.00, granting what is left
When   dan validates order 4: 6 mugs at 20.00
Then   SPRING is refused: budget spent
And    AUTUMN takes 5.00, total 115.00, held until 13:00
And    budget AUTUMN: 0.00 spent, 5.00 held, 0.00 left
When   order 4 is let go
Then   budget AUTUMN: 0.00 spent, 0.00 held, 5.00 left
And    the books balance
