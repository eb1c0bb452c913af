# 43 – a club with a mug

Proves: D04, D15

Given loyalty programme CLUB: 1 point per 1.00
And   tier GOLD of CLUB: from 100 points, 2 times the points
And   reward of CLUB: a mug for 50 points
And   campaign FIVE: 5.00 off, by code
And   code FIVE of FIVE
When  the member joins CLUB
And   the member takes a mug from CLUB
Then  it is refused: too few points
And   the member has 0 points

When  the member redeems order 1: 6 mugs at 20.00, with FIVE
Then  FIVE takes 5.00, total 115.00
And   the member has 120 points
When  the member redeems order 2: 1 mug at 20.00, with FIVE
Then  FIVE takes 5.00, total 15.00
And   the member has 160 points

When  the member takes a mug from CLUB
Then  the member has 110 points
When  the member takes a mug from CLUB
And   the member takes a mug from CLUB
Then  the member has 10 points
When  the member takes a mug from CLUB
Then  it is refused: too few points

When  the guest redeems order 3: 1 mug at 20.00, with FIVE
Then  FIVE takes 5.00, total 15.00
And   the guest has 0 points
When  order 1 comes back
Then  the member has 0 points
And   the books balance
