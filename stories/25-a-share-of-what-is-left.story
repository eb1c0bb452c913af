# 25 – a share of what is left

Proves: D04, D15

Given product mug: costs 3.00, category kitchen
And   product poster: costs 5.00, category walls
And   campaign KITCHEN: 25 % off, at most 5.00 each, on kitchen only, by code
And   code KITCHEN of KITCHEN
And   campaign ALL: 10 % off, by code
And   code ALL of ALL

When  ann validates order 1: 2 mugs at 8.00, 1 poster at 20.00, with KITCHEN
Then  KITCHEN takes 4.00, total 32.00
And   KITCHEN takes 4.00 off line 1

When  ann validates order 2: 4 mugs at 8.00, with KITCHEN
Then  KITCHEN takes 5.00, total 27.00

When  bob validates order 3: 2 mugs at 8.00, 1 poster at 20.00, with KITCHEN, with ALL
Then  KITCHEN takes 4.00
And   ALL takes 3.20, total 28.80

When  bob validates order 4: 2 mugs at 8.00, 1 poster at 20.00, with ALL, with KITCHEN
Then  ALL takes 3.60
And   KITCHEN takes 4.00, total 28.40

When  cleo validates order 5: 1 poster at 20.00, with KITCHEN
Then  KITCHEN is refused: nothing it works on
And   the books balance
