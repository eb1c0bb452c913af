# 10 – replenishment assist, time-boxed

Proves: D05, T10, D07

Given product tea: costs 4.00, category pantry
And   product mug: costs 8.00, category kitchen
And   campaign REFILL: 5 % off, on pantry only, by code, for 5 days, if customer.next_order_due_days <= 3
And   the policy ranks REFILL
And   ann agrees to offers and measuring
And   bob agrees to offers and measuring
When  ann buys 2 teas at 9.00
And   bob buys 2 teas at 9.00
And   28 days pass
And   ann buys 2 teas at 9.00
And   32 days pass
And   ann buys 2 teas at 9.00
Then  customer.days_between_orders of ann is 30
And   customer.next_order_due_days of ann is 30
And   customer.next_order_due_days of bob is not known

When  26 days pass
And   the shop decides for ann
Then  ann gets nothing
And   REFILL is not given to ann: not for this customer
When  1 day passes
And   the shop decides for ann
And   the shop decides for bob
Then  ann gets REFILL with a code for 5 days
And   bob gets nothing
And   REFILL is not given to bob: fact not known

When  ann validates order 1: 2 teas at 9.00, 1 mug at 20.00, with REFILL
Then  REFILL takes 0.90, total 37.10, held until 12:30
And   REFILL takes 0.90 off line 1
And   REFILL takes 0.00 off line 2
When  ann validates order 1: 1 mug at 20.00, with REFILL
Then  REFILL is refused: nothing it works on
When  5 days pass
Then  the wallet of ann is empty
And   the books balance
