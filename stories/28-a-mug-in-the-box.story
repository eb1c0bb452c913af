# 28 – a mug in the box

Proves: D04, D15

Given product mug: costs 3.00, category kitchen
And   product poster: costs 5.00, category walls
And   campaign QUARTER: 25 % off, on kitchen only, place 1, by code
And   code QUARTER of QUARTER
And   campaign MUG: 1 mug free, place 2, by code
And   code MUG of MUG

When  ann validates order 1: 1 poster at 20.00, 1 mug at 8.00, with MUG
Then  MUG takes 8.00, total 20.00
And   MUG takes 8.00 off line 2

When  ann validates order 2: 2 mugs at 8.00, with MUG
Then  MUG takes 8.00, total 8.00

When  bob validates order 3: 1 poster at 20.00, 1 mug at 8.00, with MUG, with QUARTER
Then  QUARTER takes 2.00
And   MUG takes 6.00, total 20.00

When  bob pays order 3
Then  the books balance
