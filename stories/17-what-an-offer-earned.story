# 17 – what an offer earned

Proves: E01, E05, X01, X07

Given product mug: costs 8.00, category kitchen
And   campaign SPRING: 10 % off, by code
And   the policy ranks SPRING
And   a holdout of 50 %
When  60 customers outside the holdout each buy 2 mugs at 20.00
And   60 customers outside the holdout each buy nothing
And   40 customers inside the holdout each buy 2 mugs at 20.00
And   80 customers inside the holdout each buy nothing
Then  the effect of SPRING is 480.00, between 122.59 and 837.41
And   the statement of SPRING: 0 redemptions, 0.00 revenue, 0.00 goods, 0.00 discount

Given ann falls outside the holdout
And   ann agrees to offers and measuring
When  the shop decides for ann
Then  ann gets SPRING with a code for 14 days
When  ann validates order 1: 4 mugs at 20.00, shipping 4.90, with SPRING
And   ann pays order 1
Then  the statement of SPRING: 1 redemption, 84.90 revenue, 32.00 goods, 8.00 discount
And   the books balance
