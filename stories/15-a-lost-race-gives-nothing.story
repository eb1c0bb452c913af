# 15 – a lost race gives nothing, not the runner-up

Proves: D13, D10, F03

Given campaign LAST: 8.00 off, by code, budget 8.00, guaranteed
And   campaign OTHER: 5 % off, by code
And   the policy ranks LAST, OTHER
And   ann agrees to offers and measuring
And   bob agrees to offers and measuring
When  the shop decides for ann and bob at the same moment
Then  ann gets LAST with a code for 14 days
And   bob gets nothing
And   LAST is not given to bob: exhausted
And   OTHER is not given to bob: not chosen
And   the wallet of bob is empty
And   the decision for bob replays the same
And   budget LAST: 0.00 spent, 8.00 held, 0.00 left

When  the shop decides for bob
Then  bob gets OTHER with a code for 14 days
And   LAST is not given to bob: exhausted
When  14 days pass
Then  the wallet of ann is empty
And   budget LAST: 0.00 spent, 0.00 held, 8.00 left
When  the shop decides for bob
Then  bob gets LAST with a code for 14 days
And   the books balance
