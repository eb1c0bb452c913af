# 21 – units that join

Proves: D04, D15

Given product mug: costs 3.00, category kitchen
And   product poster: costs 5.00, category walls
And   campaign EXTRA: 2 extra mugs free, by code, 1 use in all
And   code EXTRA of EXTRA
And   campaign SAME: 1 more of the same free, on kitchen only, by code
And   code SAME of SAME

When  ann validates order 1: 1 mug at 8.00, 1 poster at 20.00, with EXTRA
Then  EXTRA takes 16.00, total 28.00

When  ann pays order 1
And   bob validates order 2: 1 mug at 8.00, with EXTRA
Then  EXTRA is refused: used up

When  bob validates order 2: 2 mugs at 8.00, 1 poster at 20.00, with SAME
Then  SAME takes 8.00, total 36.00

When  bob validates order 3: 1 poster at 20.00, with SAME
Then  SAME is refused: nothing it works on
And   the books balance
