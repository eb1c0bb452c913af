# 42 – points after a discount

Proves: D04, D15, E03

Given loyalty programme CLUB: 2 points per 1.00, worth 0.01 each
And   campaign TENTH: 10 % off, by code
And   code TENTH of TENTH
And   the member joins CLUB

When  the member redeems order 1: 5 mugs at 20.00, with TENTH
Then  TENTH takes 10.00, total 90.00
And   the member has 200 points

When  the member redeems order 2: 2 mugs at 20.00, with TENTH, with 150 points of CLUB
Then  TENTH takes 4.00
And   CLUB takes 1.50, total 34.50
And   the member has 130 points

When  order 2 comes back
Then  the member has 200 points
And   order 2 is canceled, 40.00 to pay
And   TENTH is used 1 time
And   the books balance
