# 33 – one more of each

Proves: D04, D15

Given product mug: costs 3.00, category kitchen
And   product bowl: costs 2.00, category kitchen
And   campaign PAIR: 1 more of the same free, on kitchen only, by code
And   code PAIR of PAIR
And   campaign THREE: 3 more of the same free, on kitchen only, by code
And   code THREE of THREE
And   campaign TENTH: 10 % off, by code
And   code TENTH of TENTH

When  the shopper validates order 1: 2 mugs at 8.00, 1 bowl at 5.00, 1 poster at 20.00, with PAIR
Then  PAIR takes 13.00, total 41.00

When  the shopper validates order 2: 1 bowl at 5.00, with THREE
Then  THREE takes 15.00, total 5.00

When  the guest validates order 3: 2 mugs at 8.00, with TENTH, with PAIR
Then  TENTH takes 1.60
And   PAIR takes 8.00, total 14.40
And   the books balance
