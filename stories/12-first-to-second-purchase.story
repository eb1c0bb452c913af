# 12 – first to second purchase within 14 days

Proves: D05, T10

Given campaign SECOND: 5.00 off by amount, by code, for 7 days, if customer.orders == 1 && customer.first_order_days <= 14 && order.amount >= 2000
And   the policy ranks SECOND
And   ann agrees to offers and measuring
And   bob agrees to offers and measuring
When  the shop decides for ann with 1 mug at 20.00 in the cart
Then  ann gets nothing
And   SECOND is not given to ann: not for this customer

When  ann buys 1 mug at 20.00
And   bob buys 1 mug at 20.00
And   3 days pass
And   the shop decides for ann with 1 bowl at 12.00 in the cart
Then  ann gets nothing
And   SECOND is not given to ann: order too small
And   ann is told: Add 8.00 EUR more to your order and “SECOND” can be yours.
When  the shop decides for ann with 1 bowl at 12.00, 1 tea at 8.00 in the cart
Then  ann gets SECOND with a code for 7 days
When  ann validates order 1: 1 bowl at 12.00, 1 tea at 8.00, with SECOND
Then  SECOND takes 5.00, total 15.00
And   SECOND takes 3.00 off line 1
And   SECOND takes 2.00 off line 2
When  ann pays order 1
And   the shop decides for ann with 1 mug at 20.00 in the cart
Then  ann gets nothing
And   customer.stage of ann is active

When  12 days pass
And   the shop decides for bob with 1 mug at 20.00 in the cart
Then  bob gets nothing
And   SECOND is not given to bob: not for this customer
And   the books balance
