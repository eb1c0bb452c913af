# 36 – a better shirt instead

Proves: D04, D15

Given product shirt: costs 8.00, category shirts
And   product limited: costs 9.00, sold at 25.00
And   campaign BETTER: 1 limited instead, on shirts only, by code
And   code BETTER of BETTER
And   campaign TENTH: 10 % off, by code
And   code TENTH of TENTH

When  the shopper validates order 1: 1 shirt at 20.00, with BETTER
Then  BETTER takes 5.00, total 20.00

When  the shopper validates order 2: 3 shirts at 20.00, 1 poster at 15.00, with BETTER
Then  BETTER takes 15.00, total 75.00

When  the guest validates order 3: 1 shirt at 20.00, with BETTER, with TENTH
Then  BETTER takes 5.00
And   TENTH takes 2.00, total 18.00

When  the guest validates order 4: 1 poster at 15.00, with BETTER
Then  BETTER is refused: nothing it works on
And   the books balance
