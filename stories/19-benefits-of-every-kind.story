# 19 – benefits of every kind

Proves: D04, D15

Given product mug: costs 8.00, category kitchen
And   campaign FLAT: costs 15.00, on kitchen only, by code
And   code FIFTEEN of FLAT
And   campaign GIVEN: 1 mug free, by code, 2 uses in all
And   code MUG of GIVEN
And   campaign NEWS: 12.5 % off, at most 6.00 each, by code
And   code NEWS of NEWS
When  ann validates order 1: 2 mugs at 20.00, 1 poster at 30.00, with FIFTEEN
Then  FLAT takes 10.00, total 60.00
And   FLAT takes 10.00 off line 1
When  ann validates order 2: 3 mugs at 20.00, with MUG
Then  GIVEN takes 20.00, total 40.00
When  ann pays order 2
And   bob validates order 3: 1 poster at 30.00, 1 mug at 20.00, with MUG
Then  GIVEN takes 20.00, total 30.00
When  cleo validates order 4: 1 mug at 20.00, with MUG
Then  GIVEN is refused: used up
When  cleo validates order 4: 1 mug at 20.12, with NEWS
Then  NEWS takes 2.52, total 17.60
When  cleo validates order 4: 3 mugs at 20.00, with NEWS
Then  NEWS takes 6.00, total 54.00
And   the books balance
