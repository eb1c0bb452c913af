# 37 – three mugs instead

Proves: D04, D15

Given product bottle: costs 9.00, category bottles
And   product mug: costs 3.00, sold at 10.00
And   campaign THREE: 3 mugs instead, on bottles only, by code
And   code THREE of THREE
And   campaign SIX: 6 mugs instead, on bottles only, by code, budget 40.00
And   code SIX of SIX

When  the shopper validates order 1: 1 bottle at 25.00, with THREE
Then  THREE takes 5.00, total 25.00

When  the shopper validates order 2: 2 bottles at 25.00, 1 poster at 15.00, with THREE
Then  THREE takes 10.00, total 65.00

When  the guest validates order 3: 1 bottle at 25.00, with SIX
Then  SIX takes 35.00, total 25.00
When  the guest pays order 3
Then  budget SIX: 35.00 spent, 0.00 held, 5.00 left
When  the shopper validates order 4: 1 bottle at 25.00, with SIX
Then  SIX is refused: budget spent
And   the total is 25.00
And   the books balance
