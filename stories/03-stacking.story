# 03 – stacking

Proves: D06, D15, S02, S03

Given campaign MEMBER: 10 % off, together, place 1
And   campaign FIVE: 5.00 off by amount, together, place 2
And   campaign SHIP: free shipping, always
And   campaign LOYAL: 1 point per 1.00, always
And   campaign QUARTER: 25 % off, alone, place 0, by code
And   code SOLO of QUARTER
And   campaign LATE: 30 % off, alone, place 9, by code
And   code LAST of LATE

When  ann validates order 1: 3 mugs at 9.99, 1 poster at 20.01, shipping 4.90
Then  MEMBER takes 5.00, total 39.98
And   MEMBER takes 3.00 off line 1
And   MEMBER takes 2.00 off line 2
And   FIVE takes 5.00
And   FIVE takes 3.00 off line 1
And   FIVE takes 2.00 off line 2
And   SHIP takes 4.90
And   LOYAL gives 39 points

When  ann validates order 2: 3 mugs at 9.99, 1 poster at 20.01, shipping 4.90, with SOLO
Then  QUARTER takes 12.50, total 37.48
And   MEMBER is refused: does not stack
And   FIVE is refused: does not stack
And   SHIP takes 4.90
And   LOYAL gives 37 points

When  ann validates order 3: 3 mugs at 9.99, 1 poster at 20.01, with LAST
Then  LATE is refused: does not stack
And   SHIP is refused: would change nothing
And   MEMBER takes 5.00, total 39.98
And   FIVE takes 5.00

When  ann validates order 4: 1 mug at 4.00
Then  MEMBER takes 0.40
And   FIVE takes 3.60, total 0.00
And   the books balance
