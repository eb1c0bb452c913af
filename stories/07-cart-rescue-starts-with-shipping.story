# 07 – cart rescue that starts with shipping

Proves: T01, D05, D08

Given campaign SHIP: free shipping, by code, for 1 day, if customer.cart_hours >= 2 && customer.cart_value >= 5000
And   campaign FIVE: 5.00 off, by code, for 2 days, if customer.cart_hours >= 26 && customer.cart_value >= 5000
And   the policy climbs SHIP, FIVE
And   ann agrees to offers and measuring

When  ann puts 3 mugs at 20.00 in the cart
And   the shop decides for ann
Then  ann gets nothing
And   SHIP is not given to ann: not for this customer
When  2 hours pass
And   the shop decides for ann
Then  customer.cart_value of ann is 6000
And   ann gets SHIP with a code for 1 day

When  12 hours pass
And   the shop decides for ann
Then  ann gets nothing
And   the wallet of ann holds SHIP
When  12 hours pass
And   the shop decides for ann
Then  ann gets FIVE with a code for 2 days
And   the wallet of ann holds FIVE

When  ann validates order 1: 3 mugs at 20.00, shipping 4.90, with FIVE
Then  FIVE takes 5.00, total 59.90
When  ann pays order 1
Then  customer.cart_value of ann is not known

When  7 days pass
And   ann puts 3 mugs at 20.00 in the cart
And   30 hours pass
And   the shop decides for ann
Then  ann gets nothing
And   SHIP is not given to ann: not chosen
And   the books balance
