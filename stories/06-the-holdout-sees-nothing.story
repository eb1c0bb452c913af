# 06 – the holdout sees nothing

Proves: E01, M05, D10

Given campaign SPRING: 10 % off, at most 8.00 each, by code, budget 50.00, guaranteed, 3 touches per customer a week
And   the policy ranks SPRING
And   a holdout of 20 %
And   ann falls inside the holdout
And   bob falls outside the holdout
And   ann agrees to offers and measuring
And   bob agrees to offers and measuring

When  the shop decides for ann
Then  ann gets nothing
And   SPRING is not given to ann: held out
And   ann is told: There is no offer for you right now.
And   ann is told: Some customers, picked by chance, get no offers, so that we can measure what offers do.
And   the decision for ann replays the same
And   the wallet of ann is empty
And   ann has 3 touches of SPRING left
And   budget SPRING: 0.00 spent, 0.00 held, 50.00 left

When  the shop decides for bob
Then  bob gets SPRING with a code for 14 days
And   bob has 2 touches of SPRING left
And   budget SPRING: 0.00 spent, 8.00 held, 42.00 left
And   the effect of SPRING is not known: Too few customers: 1, and 2 are needed.

When  bob validates order 1: 3 mugs at 20.00, with SPRING
Then  SPRING takes 6.00, total 54.00
And   budget SPRING: 0.00 spent, 8.00 held, 42.00 left
When  bob pays order 1
Then  budget SPRING: 6.00 spent, 0.00 held, 44.00 left
When  the shop decides for ann
Then  SPRING is not given to ann: held out
And   the books balance
