# 40 – the basket for fifty

Proves: D04, D06, D15

Given campaign FIFTY: costs 50.00, by code, budget 45.00
And   code FIFTY of FIFTY
And   campaign TEN: 10.00 off, by code
And   code TEN of TEN

When  the shopper validates order 1: 4 mugs at 20.00, shipping 4.90, with FIFTY
Then  FIFTY takes 30.00, total 54.90
When  the shopper pays order 1
Then  budget FIFTY: 30.00 spent, 0.00 held, 15.00 left

When  the guest validates order 2: 4 mugs at 20.00, with TEN, with FIFTY
Then  TEN takes 10.00, total 70.00
And   FIFTY is refused: budget spent
When  the guest validates order 2: 3 mugs at 20.00, 1 bowl at 2.50, with TEN, with FIFTY
Then  TEN takes 10.00
And   FIFTY takes 2.50, total 50.00
When  the guest validates order 3: 2 mugs at 20.00, with FIFTY
Then  FIFTY is refused: would change nothing
And   the books balance
