# 09 – VIP without discounts

Proves: D05, D06, S03, D04

Given product lamp: costs 25.00, category light
And   campaign THANKS: 2 points per 1.00, by code, if customer.spent_365d >= 50000
And   campaign TEN: 10 % off, by code, if customer.spent_365d < 50000
And   the policy ranks THANKS, TEN
And   guardrail: not on reduced lines, margin at least 40 %
And   ann agrees to offers and measuring
And   bob agrees to offers and measuring
When  ann buys 10 lamps at 60.00
And   bob buys 1 lamp at 60.00
And   1 day passes

When  the shop decides for ann with 1 lamp at 60.00 in the cart
Then  ann gets THANKS with a code for 14 days
And   TEN is not given to ann: not for this customer
When  ann validates order 1: 1 lamp at 60.00, with THANKS
Then  THANKS takes 0.00, total 60.00
And   THANKS gives 120 points
When  ann pays order 1
Then  ann has 120 points
And   customer.discount_share of ann is 0

When  the shop decides for bob with 1 lamp at 60.00 reduced by 12.00 in the cart
Then  bob gets nothing
And   TEN is not given to bob: reduced already
And   bob is told: Some offers leave out reduced items.
When  the shop decides for bob with 1 lamp at 60.00 in the cart
Then  bob gets TEN with a code for 14 days
And   the books balance
