# 23 – the best of what there is

Proves: D04, D15

Given campaign FIFTH: 20 % off, by code
And   code FIFTH of FIFTH
And   campaign TEN: 10.00 off, by code
And   code TEN of TEN
And   campaign ALONE: 25 % off, alone, by code
And   code ALONE of ALONE
And   campaign MUCH: 5.00 off, if order.amount >= 10000
And   campaign LAST: 3.00 off, by code, budget 1.00
And   code LAST of LAST
And   gift card GIFT with 50.00 for 365 days

When  ann asks for the best of order 1: 4 mugs at 20.00, with TEN, with FIFTH, with ALONE, with LAST, with GIFT
Then  the best is FIFTH, TEN, saving 26.00
And   FIFTH takes 16.00, total 54.00
And   ALONE is refused: does not stack
And   MUCH is refused: order too small
And   GIFT is refused: pays and saves nothing

When  ann validates order 1: 4 mugs at 20.00, with FIFTH, with TEN
Then  the total is 54.00

When  bob asks for the best of order 2: 8 mugs at 20.00, with ALONE
Then  the best is ALONE, saving 40.00
And   MUCH is refused: does not stack

When  bob asks for the best of order 3: 1 mug at 20.00, with NOPE
Then  NOPE is refused: code not known
And   the total is 20.00
And   the books balance
