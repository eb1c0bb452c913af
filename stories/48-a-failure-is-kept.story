# 48 – a failure is kept

Proves: C07, D15, T11

Given campaign BIG: 10.00 off, by code, if order.amount >= 5000
And   code BIG of BIG, 1 use
And   the shop listens for customer.created, redemption.failed, redemption.succeeded

When  the guest redeems order 1: 1 mug at 20.00, with BIG
Then  the order is not paid: order too small
And   a failed redemption of BIG is kept: order_rules_violated
And   the shop is told of redemption.failed
And   the shop does not know the guest
And   the shop has 0 orders
And   BIG is used 0 times

When  the guest redeems order 1: 3 mugs at 20.00, with BIG
Then  BIG takes 10.00, total 50.00
And   the shop is told of customer.created, redemption.succeeded
When  the shopper redeems order 2: 3 mugs at 20.00, with BIG
Then  the order is not paid: used up
And   a failed redemption of BIG is kept: quantity_exceeded
And   the shop is told of redemption.failed
And   the shop has 1 order
And   BIG is used 1 time
And   the books balance
