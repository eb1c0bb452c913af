# 14 – one use per customer, and a retry with the same key

Proves: D06, D14, M02

Given campaign SPRING: 10 % off, budget 50.00, 1 use per customer
When  ann validates order 1: 1 mug at 20.00
Then  SPRING takes 2.00, total 18.00
When  ann validates order 2: 1 mug at 20.00
Then  SPRING is refused: used already
When  ann pays order 1
Then  SPRING takes 2.00, total 18.00
When  ann pays order 1 again with the same key
Then  SPRING takes 2.00, total 18.00
And   budget SPRING: 2.00 spent, 0.00 held, 48.00 left
And   ann has 0 uses of SPRING left
And   the statement of SPRING: 1 redemption, 20.00 revenue, 0.00 goods, 2.00 discount
When  ann validates order 2: 1 mug at 20.00
Then  SPRING is refused: used already
When  bob validates order 3: 1 mug at 20.00
Then  SPRING takes 2.00

Given campaign PERSONAL: 5.00 off, by code
And   code ONCE of PERSONAL, 1 use
And   code BOBS of PERSONAL for bob
When  cleo validates order 4: 1 mug at 20.00, with BOBS
Then  PERSONAL is refused: belongs to somebody else
When  cleo validates order 4: 1 mug at 20.00, with ONCE
Then  PERSONAL takes 5.00, total 13.00
When  dan validates order 5: 1 mug at 20.00, with ONCE
Then  PERSONAL is refused: used up
When  dan validates order 5: 1 mug at 20.00, with TWICE
Then  TWICE is refused: code not known
When  31 minutes pass
And   dan validates order 5: 1 mug at 20.00, with ONCE
Then  PERSONAL takes 5.00, total 13.00
When  cleo pays order 4
Then  the order is not paid: used up
And   cleo has 1 use of SPRING left

When  order 1 comes back
And   ann validates order 2: 1 mug at 20.00
Then  SPRING takes 2.00, total 18.00
And   the books balance
