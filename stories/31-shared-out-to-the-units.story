# 31 – shared out to the units

Proves: D04, D15

Given product mug: costs 3.00, category kitchen
And   product bowl: costs 2.00, category kitchen
And   campaign SHARE: 10.00 off by quantity, by code
And   code SHARE of SHARE
And   campaign KITCHEN: 5.00 off by quantity, on kitchen only, by code
And   code KITCHEN of KITCHEN

When  the shopper validates order 1: 3 mugs at 8.00, 1 poster at 20.00, with SHARE
Then  SHARE takes 10.00, total 34.00
And   SHARE takes 7.50 off line 1
And   SHARE takes 2.50 off line 2

When  the shopper validates order 2: 1 mug at 8.00, 1 poster at 20.00, 1 lamp at 60.00, with SHARE
Then  SHARE takes 10.00, total 78.00
And   SHARE takes 3.34 off line 1
And   SHARE takes 3.33 off line 2
And   SHARE takes 3.33 off line 3

When  the guest validates order 3: 2 mugs at 8.00, 1 bowl at 5.00, 1 poster at 20.00, with KITCHEN
Then  KITCHEN takes 5.00, total 36.00
And   KITCHEN takes 3.33 off line 1
And   KITCHEN takes 1.67 off line 2
And   KITCHEN takes 0.00 off line 3

When  the guest validates order 4: 1 poster at 20.00, with KITCHEN
Then  KITCHEN is refused: nothing it works on
And   the total is 20.00
And   the books balance
