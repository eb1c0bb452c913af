# 27 – shipping for nothing

Proves: D04, D15

Given campaign SHIP: free shipping, by code
And   code SHIP of SHIP
And   campaign HALF: 50 % off, by code
And   code HALF of HALF

When  ann validates order 1: 1 mug at 8.00, shipping 4.90, with SHIP
Then  SHIP takes 4.90, total 8.00

When  ann validates order 2: 1 mug at 8.00, with SHIP
Then  SHIP is refused: would change nothing

When  bob validates order 3: 1 mug at 8.00, shipping 4.90, with HALF, with SHIP
Then  HALF takes 4.00
And   SHIP takes 4.90, total 4.00
And   the books balance
