# 41 – points that pay

Proves: D04, D15

Given loyalty programme CLUB: 1 point per 1.00, worth 0.05 each
And   campaign FIVE: 5.00 off, by code
And   code FIVE of FIVE
When  the member joins CLUB
Then  the member has 0 points

When  the member redeems order 1: 4 mugs at 50.00, with FIVE
Then  FIVE takes 5.00, total 195.00
And   the member has 200 points

When  the member validates order 2: 2 mugs at 20.00, with 120 points of CLUB
Then  CLUB takes 6.00, total 34.00, held until 12:30
When  the member pays order 2
Then  CLUB takes 6.00, total 34.00
And   the member has 120 points

When  the member redeems order 3: 1 card at 1.00, with 120 points of CLUB
Then  CLUB takes 1.00, total 0.00
And   the member has 101 points

When  the member redeems order 4: 4 mugs at 20.00, with 102 points of CLUB
Then  the order is not paid: points spent
And   the member has 101 points
And   the books balance
