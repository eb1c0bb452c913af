# 22 – counted for each order

Proves: D04, D15

Given campaign TENTH: 5.00 off, counting FLOOR(ORDER_AMOUNT / 10), by code
And   code TENTH of TENTH
And   campaign RISING: 5 % off, counting IF(ORDER_AMOUNT > 100;20;10), by code
And   code RISING of RISING
And   campaign PERSONAL: 3.00 off, counting ORDER_METADATA("bonus"), by code
And   code PERSONAL of PERSONAL

When  ann validates order 1: 1 poster at 89.90, with TENTH
Then  TENTH takes 8.00, total 81.90

When  ann validates order 2: 1 poster at 80.00, with RISING
Then  RISING takes 8.00, total 72.00

When  ann validates order 3: 2 posters at 80.00, with RISING
Then  RISING takes 32.00, total 128.00

When  ann validates order 4: 1 poster at 80.00, with PERSONAL
Then  PERSONAL takes 3.00, total 77.00
And   the books balance
