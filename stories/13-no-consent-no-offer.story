# 13 – no consent, no offer

Proves: P01, P07, P13, S06

Given campaign SPRING: 10 % off, by code
And   campaign LOOKED: 15 % off, by code, if customer.views_7d >= 1
And   the policy ranks LOOKED, SPRING
When  ann views a mug
And   the shop decides for ann
Then  ann gets nothing
And   SPRING is not given to ann: no consent
And   LOOKED is not given to ann: fact not known
And   customer.views_7d of ann is not known
And   ann is told: You have not allowed us to choose offers for you, so there is none.
And   ann is told: You can allow it, and take that back, at any time.

When  bob agrees to measuring
And   bob views a mug
And   the shop decides for bob
Then  bob gets nothing
And   customer.views_7d of bob is not known

When  ann agrees to offers
Then  customer.views_7d of ann is 0
When  the shop decides for ann
Then  ann gets SPRING with a code for 14 days
And   LOOKED is not given to ann: not for this customer
When  ann views a mug
And   the shop decides for ann
Then  ann gets LOOKED with a code for 14 days

When  1 day passes
And   ann withdraws consent
And   the shop decides for ann
Then  ann gets nothing
And   SPRING is not given to ann: no consent
And   customer.views_7d of ann is not known
And   the wallet of ann holds SPRING, LOOKED
When  ann validates order 1: 1 mug at 20.00, with SPRING
Then  SPRING takes 2.00, total 18.00

When  1 day passes
And   ann agrees to offers
Then  customer.views_7d of ann is 0
And   the books balance
