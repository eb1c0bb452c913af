# 01 – first offer

Proves: D01, D05, S01, P12

Given product mug: costs 8.00, category kitchen
And   campaign WELCOME: 10 % off, at most 8.00 each, by code, for 7 days, if customer.orders == 0
And   the policy ranks WELCOME
And   ann agrees to offers and measuring
When  ann views a mug
And   the shop decides for ann
Then  ann gets WELCOME with a code for 7 days
And   ann is told: You get “WELCOME”.
And   ann is told: You and your order meet all that it asks for.
And   the decision for ann replays the same
And   the wallet of ann holds WELCOME

When  ann validates order 1: 3 mugs at 20.00, shipping 4.90, with WELCOME   (12:10)
Then  WELCOME takes 6.00, total 58.90, held until 12:40
When  ann pays order 1   (12:20)
Then  WELCOME takes 6.00, total 58.90
And   the wallet of ann is empty
And   customer.stage of ann is new
And   customer.spent of ann is 5890

When  the shop decides for ann
Then  ann gets nothing
And   WELCOME is not given to ann: not for this customer
And   the books balance
