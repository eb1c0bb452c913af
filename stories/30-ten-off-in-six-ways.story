# 30 – ten off in six ways

Proves: D04, D15

Given product mug: costs 3.00, category adventure
And   product poster: costs 5.00, category adventure
And   product shirt: costs 8.00, category adventure
And   campaign LINES: 10.00 off each line, on adventure only, by code
And   code LINES of LINES
And   campaign UNITS: 10.00 off each unit, on adventure only, by code
And   code UNITS of UNITS
And   campaign AMOUNTS: 10.00 off by amount, on adventure only, by code
And   code AMOUNTS of AMOUNTS
And   campaign NUMBERS: 10.00 off by quantity, on adventure only, by code
And   code NUMBERS of NUMBERS
And   campaign TENTH: 10 % off, on adventure only, by code
And   code TENTH of TENTH
And   campaign PRICE: costs 10.00, on adventure only, by code
And   code PRICE of PRICE

When  the shopper validates order 1: 2 mugs at 10.00, 3 posters at 15.00, 3 shirts at 20.00, 2 bottles at 25.00, with LINES
Then  LINES takes 30.00, total 145.00
And   LINES takes 10.00 off line 1
And   LINES takes 10.00 off line 2
And   LINES takes 10.00 off line 3
And   LINES takes 0.00 off line 4

When  the shopper validates order 2: 2 mugs at 10.00, 3 posters at 15.00, 3 shirts at 20.00, 2 bottles at 25.00, with UNITS
Then  UNITS takes 80.00, total 95.00
And   UNITS takes 20.00 off line 1
And   UNITS takes 30.00 off line 2
And   UNITS takes 30.00 off line 3
And   UNITS takes 0.00 off line 4

When  the shopper validates order 3: 2 mugs at 10.00, 3 posters at 15.00, 3 shirts at 20.00, 2 bottles at 25.00, with AMOUNTS
Then  AMOUNTS takes 10.00, total 165.00
And   AMOUNTS takes 1.60 off line 1
And   AMOUNTS takes 3.60 off line 2
And   AMOUNTS takes 4.80 off line 3
And   AMOUNTS takes 0.00 off line 4

When  the shopper validates order 4: 2 mugs at 10.00, 3 posters at 15.00, 3 shirts at 20.00, 2 bottles at 25.00, with NUMBERS
Then  NUMBERS takes 10.00, total 165.00
And   NUMBERS takes 2.50 off line 1
And   NUMBERS takes 3.75 off line 2
And   NUMBERS takes 3.75 off line 3
And   NUMBERS takes 0.00 off line 4

When  the shopper validates order 5: 2 mugs at 10.00, 3 posters at 15.00, 3 shirts at 20.00, 2 bottles at 25.00, with TENTH
Then  TENTH takes 12.50, total 162.50
And   TENTH takes 2.00 off line 1
And   TENTH takes 4.50 off line 2
And   TENTH takes 6.00 off line 3
And   TENTH takes 0.00 off line 4

When  the shopper validates order 6: 2 mugs at 10.00, 3 posters at 15.00, 3 shirts at 20.00, 2 bottles at 25.00, with PRICE
Then  PRICE takes 45.00, total 130.00
And   PRICE takes 0.00 off line 1
And   PRICE takes 15.00 off line 2
And   PRICE takes 30.00 off line 3
And   PRICE takes 0.00 off line 4
And   the books balance
