# 05 – gift balance and breakage

Proves: D15, X01, E05

Given gift card GIFT with 50.00 for 365 days
Then  gift cards owe 50.00
When  ann validates order 1: 1 mug at 20.00, shipping 4.90, with GIFT
Then  GIFT takes 24.90, total 0.00, held until 12:30
And   gift card GIFT: 0.00 spent, 24.90 held, 25.10 left
When  ann pays order 1
Then  gift card GIFT: 24.90 spent, 0.00 held, 25.10 left
And   gift cards owe 25.10

When  10 days pass
And   bob validates order 2: 1 bowl at 12.00, with GIFT
Then  GIFT takes 12.00, total 0.00
When  bob pays order 2
Then  gift card GIFT: 36.90 spent, 0.00 held, 13.10 left
When  cleo validates order 3: 2 mugs at 20.00, with GIFT
Then  GIFT takes 13.10, total 26.90
When  dan validates order 4: 1 mug at 20.00, with GIFT
Then  GIFT is refused: balance spent
When  order 3 is let go
Then  gift card GIFT: 36.90 spent, 0.00 held, 13.10 left

When  354 days pass
Then  gift cards owe 13.10
When  1 day passes
Then  gift card GIFT lapsed with 13.10
And   gift card GIFT: 36.90 spent, 0.00 held, 0.00 left
And   gift cards owe 0.00
When  cleo validates order 5: 1 mug at 20.00, with GIFT
Then  GIFT is refused: closed
And   the total is 20.00
And   the books balance
