# 18 – nobody mid-return, nobody too often

Proves: T13, D06, F05

Given campaign SPRING: 10 % off, 2 touches per customer a week, for 1 day, if !customer.mid_return
And   the policy ranks SPRING
And   guardrail: 2 quiet days
And   ann agrees to offers and measuring
When  ann does Return Opened
And   the shop decides for ann
Then  ann gets nothing
And   SPRING is not given to ann: not for this customer
And   customer.mid_return of ann is true
When  1 hour passes
And   ann does Return Closed
And   the shop decides for ann
Then  ann gets SPRING for 1 day
And   ann has 1 touch of SPRING left

When  1 day passes
And   the shop decides for ann
Then  ann gets nothing
And   SPRING is not given to ann: too soon after the last
When  1 day passes
And   the shop decides for ann
Then  ann gets SPRING
And   ann has 0 touches of SPRING left
When  2 days pass
And   the shop decides for ann
Then  ann gets nothing
And   SPRING is not given to ann: exhausted
When  3 days pass
And   the shop decides for ann
Then  ann gets SPRING
And   ann has 1 touch of SPRING left
And   the books balance
