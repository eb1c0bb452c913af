# 35 – a mug and a bowl, once

Proves: D04, D06, D15

Given product mug: costs 3.00, sold at 8.00, category kitchen
And   product bowl: costs 2.00, sold at 5.00, category kitchen
And   campaign QUARTER: 25 % off, on kitchen only, by code
And   code QUARTER of QUARTER
And   campaign BOTH: 1 mug free, 1 bowl free, by code, 1 use in all
And   code BOTH of BOTH

When  the shopper validates order 1: 1 mug at 8.00, 1 poster at 20.00, with QUARTER, with BOTH
Then  QUARTER takes 2.00
And   BOTH takes 11.00, total 20.00
When  the shopper pays order 1
And   the guest validates order 2: 1 mug at 8.00, with BOTH
Then  BOTH is refused: used up
And   the total is 8.00

When  order 1 comes back
And   the guest validates order 2: 1 mug at 8.00, with BOTH
Then  BOTH takes 13.00, total 0.00
And   the books balance
