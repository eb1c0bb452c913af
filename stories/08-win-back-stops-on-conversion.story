# 08 – graduated win-back 45/60/90 that stops on conversion

Proves: T10, D05, D06

Given campaign HELLO: free shipping, by code, if customer.recency_days >= 45
And   campaign TEN: 10 % off, by code, if customer.recency_days >= 60
And   campaign TWENTY: 20 % off, at most 15.00 each, by code, if customer.recency_days >= 90
And   the policy climbs HELLO, TEN, TWENTY
And   ann agrees to offers and measuring
And   bob agrees to offers and measuring
When  ann buys 2 mugs at 20.00
And   bob buys 2 mugs at 20.00

When  44 days pass
And   the shop decides for ann
Then  ann gets nothing
And   customer.stage of ann is new
When  1 day passes
And   the shop decides for ann
And   the shop decides for bob
Then  customer.stage of ann is cooling
And   ann gets HELLO with a code for 14 days
And   bob gets HELLO with a code for 14 days

When  15 days pass
And   the shop decides for ann
And   the shop decides for bob
Then  customer.stage of ann is lapsing
And   ann gets TEN with a code for 14 days
And   bob gets TEN with a code for 14 days
And   the wallet of ann holds TEN

When  ann validates order 1: 2 mugs at 20.00, with TEN
Then  TEN takes 4.00, total 36.00
When  ann pays order 1
Then  customer.recency_days of ann is 0

When  30 days pass
And   the shop decides for ann
And   the shop decides for bob
Then  ann gets nothing
And   customer.stage of bob is lapsed
And   bob gets TWENTY with a code for 14 days
When  bob validates order 2: 5 mugs at 20.00, with TWENTY
Then  TWENTY takes 15.00, total 85.00
When  bob pays order 2
Then  the wallet of bob is empty

When  90 days pass
And   the shop decides for ann
And   the shop decides for bob
Then  ann gets nothing
And   bob gets nothing
And   TWENTY is not given to ann: not chosen
And   the books balance
