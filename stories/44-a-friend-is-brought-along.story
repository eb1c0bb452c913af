# 44 – a friend is brought along

Proves: D14, D15

Given referral programme FRIENDS: 10 % off, and 5.00 on a gift card
And   the referrer is sent a code of FRIENDS

When  the referrer redeems order 1: 2 mugs at 20.00, with FRIENDS
Then  the order is not paid: own code
When  the friend redeems order 2: 2 mugs at 20.00, with FRIENDS of the referrer
Then  FRIENDS takes 4.00, total 36.00
And   the friend has 5.00 on gift cards
And   the referrer has 0.00 on gift cards

When  the friend redeems order 3: 1 mug at 20.00, with FRIENDS of the referrer
Then  FRIENDS takes 2.00, total 18.00
And   the friend has 5.00 on gift cards

Given the neighbour is sent a code of FRIENDS
When  the friend redeems order 4: 1 mug at 20.00, with FRIENDS of the neighbour
Then  the order is not paid: brought along before
And   the shop has 2 orders
And   the books balance
