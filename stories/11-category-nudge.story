# 11 – category nudge

Proves: T03, D05, D01, P09

Given product sencha: costs 4.00, category tea
And   product mug: costs 8.00, category kitchen
And   campaign TEATIME: 10 % off, on tea only, by code, for 2 days, if customer.affinity.category.tea >= 600000 && customer.revisited_category == "tea"
And   the policy ranks TEATIME
And   phone agrees to offers
When  phone views a sencha
And   phone views a mug
And   5 hours pass
And   phone views a sencha
And   phone views a sencha
Then  customer.affinity.category.tea of phone is 750000
And   customer.stage of ann is not known

When  ann agrees to offers and measuring
And   the shop decides for ann
Then  ann gets nothing
And   TEATIME is not given to ann: fact not known
When  ann signs in on phone
And   the shop decides for ann
Then  customer.top_category of ann is tea
And   customer.revisited_category of ann is tea
And   ann gets TEATIME with a code for 2 days
When  ann validates order 1: 2 senchas at 9.50, 1 mug at 20.00, with TEATIME
Then  TEATIME takes 1.90, total 37.10
When  ann pays order 1
Then  customer.affinity.category.kitchen of ann is 458333
And   the books balance
