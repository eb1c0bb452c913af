# 20 – amounts line by line

Proves: D04, D15

Given product mug: costs 3.00, category kitchen
And   product poster: costs 5.00, category walls
And   campaign LINES: 4.00 off each line, place 1, by code
And   code LINES of LINES
And   campaign UNITS: 1.50 off each unit, on kitchen only, place 2, by code
And   code UNITS of UNITS

When  ann validates order 1: 3 mugs at 8.00, 1 poster at 2.50, with LINES
Then  LINES takes 6.50, total 20.00
And   LINES takes 4.00 off line 1
And   LINES takes 2.50 off line 2

When  ann validates order 2: 3 mugs at 8.00, 1 poster at 2.50, with UNITS
Then  UNITS takes 4.50, total 22.00
And   UNITS takes 4.50 off line 1

When  ann validates order 3: 3 mugs at 8.00, 1 poster at 2.50, with LINES, with UNITS
Then  LINES takes 6.50
And   UNITS takes 4.50, total 15.50

When  bob validates order 4: 2 posters at 20.00, with UNITS
Then  UNITS is refused: nothing it works on
And   the books balance
