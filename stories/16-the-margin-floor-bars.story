# 16 – the margin floor bars

Proves: D06, P12, X05

Given product mug: costs 8.00, category kitchen
And   campaign TEN: 10 % off, by code
And   campaign DEEP: 30 % off, by code
And   the policy ranks DEEP, TEN
And   guardrail: margin at least 15 %, depth at most 20 %
And   ann agrees to offers and measuring

When  the shop decides for ann with 2 mugs at 10.00 in the cart
Then  ann gets nothing
And   TEN is not given to ann: margin too low
And   DEEP is not given to ann: margin too low
And   ann is told: There is no offer for you right now.
And   the decision for ann replays the same
When  the shop decides for ann with 2 lamps at 60.00 in the cart
Then  ann gets nothing
And   TEN is not given to ann: fact not known
When  the shop decides for ann with 2 mugs at 10.45 in the cart
Then  TEN is not given to ann: margin too low
When  the shop decides for ann with 2 mugs at 10.46 in the cart
Then  ann gets TEN with a code for 14 days
And   DEEP is not given to ann: margin too low
When  the shop decides for ann with 2 mugs at 40.00 in the cart
Then  DEEP is not given to ann: discount too deep
And   ann gets TEN with a code for 14 days
And   the books balance
