//! Which story shows which part of the contract? Every kind of discount in two, every type of
//! campaign and every side effect of a redemption in one.

/// Something to be shown, and the stories that do.
pub(super) struct Shown {
    pub what: &'static str,
    /// How the API calls it.
    pub wire: &'static str,
    /// Sentences and terms that a story which shows it says, all of them.
    pub says: &'static [&'static str],
    pub stories: &'static [&'static str],
}

/// A part of the contract, and how many stories each row of it has at least.
pub(super) struct Part {
    pub title: &'static str,
    pub least: usize,
    pub rows: &'static [Shown],
}

pub(super) const PARTS: &[Part] = &[
    Part {
        title: "Every kind of discount",
        least: 2,
        rows: DISCOUNTS,
    },
    Part {
        title: "Every type of campaign",
        least: 1,
        rows: CAMPAIGNS,
    },
    Part {
        title: "Every side effect of a redemption",
        least: 1,
        rows: EFFECTS,
    },
];

const fn shown(
    (what, wire): (&'static str, &'static str),
    says: &'static [&'static str],
    stories: &'static [&'static str],
) -> Shown {
    Shown {
        what,
        wire,
        says,
        stories,
    }
}

const OF_CATEGORY: &str = "on {category} only";
const WITH: &str = "with {code}[ of {who}]";
const GIFT_CARD: &str = "gift card {code} with {amount} for {count} {span}[, on {category} only]";
const PROGRAMME: &str =
    "loyalty programme {name}: {count} point[s] per {amount}[, worth {total} each]";
const REFERRALS: &str = "referral programme {name}: {rate} % off, and {amount} on a gift card";
const REDEEMS: &str = "{who} redeems order {order}: {goods}";
const TOLD: &str = "the shop is told of {events}";
const KEPT: &str = "order {order} is {status}, {total} to pay";

const DISCOUNTS: &[Shown] = &[
    shown(
        ("an amount off the order", "AMOUNT APPLY_TO_ORDER"),
        &["{amount} off"],
        &["24-a-promotion-lived", "29-ten-off-the-order"],
    ),
    shown(
        ("an amount off each line", "AMOUNT APPLY_TO_ITEMS"),
        &["{amount} off each line"],
        &["20-amounts-line-by-line", "30-ten-off-in-six-ways"],
    ),
    shown(
        (
            "an amount off each unit",
            "AMOUNT APPLY_TO_ITEMS_BY_QUANTITY",
        ),
        &["{amount} off each unit"],
        &["20-amounts-line-by-line", "30-ten-off-in-six-ways"],
    ),
    shown(
        (
            "an amount shared out by price",
            "AMOUNT APPLY_TO_ITEMS_PROPORTIONALLY",
        ),
        &["{amount} off by amount"],
        &["03-stacking", "30-ten-off-in-six-ways"],
    ),
    shown(
        (
            "an amount shared out by units",
            "AMOUNT APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY",
        ),
        &["{amount} off by quantity"],
        &["30-ten-off-in-six-ways", "31-shared-out-to-the-units"],
    ),
    shown(
        ("a share off the order", "PERCENT APPLY_TO_ORDER"),
        &["{rate} % off"],
        &["02-the-budget-runs-out", "25-a-share-of-what-is-left"],
    ),
    shown(
        ("a share off lines", "PERCENT APPLY_TO_ITEMS"),
        &["{rate} % off", OF_CATEGORY],
        &["25-a-share-of-what-is-left", "30-ten-off-in-six-ways"],
    ),
    shown(
        ("a price for the order", "FIXED APPLY_TO_ORDER"),
        &["costs {amount}"],
        &["26-no-more-than-this", "40-the-basket-for-fifty"],
    ),
    shown(
        ("a price for each unit", "FIXED APPLY_TO_ITEMS"),
        &["costs {amount}", OF_CATEGORY],
        &[
            "19-benefits-of-every-kind",
            "26-no-more-than-this",
            "30-ten-off-in-six-ways",
        ],
    ),
    shown(
        (
            "units that are there, or else join",
            "UNIT ADD_MISSING_ITEMS",
        ),
        &["{count} {sku} free"],
        &["19-benefits-of-every-kind", "28-a-mug-in-the-box"],
    ),
    shown(
        ("units that join in any case", "UNIT ADD_NEW_ITEMS"),
        &["{count} extra {sku} free"],
        &["21-units-that-join", "32-two-more-in-the-box"],
    ),
    shown(
        ("more of the same", "UNIT ADD_SAME_ITEMS"),
        &["{count} more of the same free", OF_CATEGORY],
        &["21-units-that-join", "33-one-more-of-each"],
    ),
    shown(
        ("units of several products", "UNIT ADD_MANY_ITEMS"),
        &["{count} {sku} free"],
        &["34-a-box-of-several", "35-a-mug-and-a-bowl-once"],
    ),
    shown(
        ("one product for another", "UNIT REPLACE_ITEMS"),
        &["{count} {sku} instead", OF_CATEGORY],
        &["36-a-better-shirt-instead", "37-three-mugs-instead"],
    ),
    shown(
        ("free shipping", "UNIT prod_5h1pp1ng"),
        &["free shipping", "shipping {amount}"],
        &["03-stacking", "27-shipping-for-nothing"],
    ),
    shown(
        ("money for the order", "GIFT APPLY_TO_ORDER"),
        &[GIFT_CARD, WITH],
        &["05-gift-balance-and-breakage", "39-a-card-after-a-discount"],
    ),
    shown(
        ("money for lines", "GIFT APPLY_TO_ITEMS"),
        &[GIFT_CARD, WITH],
        &["38-a-card-for-the-kitchen", "39-a-card-after-a-discount"],
    ),
    shown(
        ("points that pay", "LOYALTY_CARD COIN"),
        &[PROGRAMME, "with {count} points of {code}"],
        &["41-points-that-pay", "42-points-after-a-discount"],
    ),
    shown(
        ("nothing off: points for later", "proffer.points_back"),
        &["{count} point[s] per {amount}"],
        &["03-stacking", "04-refund-after-return"],
    ),
];

const CAMPAIGNS: &[Shown] = &[
    shown(
        ("codes", "DISCOUNT_COUPONS"),
        &["by code", "{who} is sent a code of {name}"],
        &["45-a-code-of-their-own"],
    ),
    shown(
        ("gift cards", "GIFT_VOUCHERS"),
        &[GIFT_CARD],
        &["05-gift-balance-and-breakage"],
    ),
    shown(
        ("a loyalty programme", "LOYALTY_PROGRAM"),
        &[
            PROGRAMME,
            "{who} joins {name}",
            "{who} takes a {sku} from {name}",
        ],
        &["43-a-club-with-a-mug"],
    ),
    shown(
        ("a promotion", "PROMOTION"),
        &["{amount} off", "{who} pays order {order}"],
        &["24-a-promotion-lived"],
    ),
    shown(
        ("referrals", "REFERRAL_PROGRAM"),
        &[REFERRALS, WITH],
        &["44-a-friend-is-brought-along"],
    ),
];

const EFFECTS: &[Shown] = &[
    shown(
        (
            "a validation leaves its hold, and nothing else",
            "validation",
        ),
        &[
            "the shop does not know {who}",
            "the shop has {count} order[s]",
        ],
        &["46-a-validation-leaves-nothing"],
    ),
    shown(
        (
            "a redemption makes customer, order and products, counts, earns and tells",
            "redemption",
        ),
        &[
            REDEEMS,
            "the shop knows {who}",
            KEPT,
            "for the catalogue",
            TOLD,
        ],
        &["47-what-a-redemption-does"],
    ),
    shown(
        (
            "a redemption that fails is kept and told",
            "failed redemption",
        ),
        &[
            "the order is not paid: {reason}",
            "a failed redemption of {code} is kept: {text}",
            TOLD,
        ],
        &["48-a-failure-is-kept"],
    ),
    shown(
        (
            "what is taken back is free again, and its order with it or without",
            "rollback",
        ),
        &[
            "order {order} comes back",
            "the shop leaves orders as they are",
            KEPT,
            TOLD,
        ],
        &["49-taken-back-as-a-whole"],
    ),
    shown(
        (
            "a second redemption begins where the first one left the order",
            "second redemption on the same order",
        ),
        &[
            "{who} redeems {code} on order {order}",
            "{name} on order {order} is taken back",
        ],
        &["50-two-codes-one-after-the-other"],
    ),
    shown(
        ("two calls for one order take nothing twice", "order lock"),
        &[
            "{who} redeems {names} on order {order} at once",
            "together they take {amount}",
        ],
        &["51-two-at-one-order"],
    ),
    shown(
        ("a part of a whole is not taken back", "partial refund"),
        &[
            "{name} on order {order} is taken back",
            "it is refused: {reason}",
        ],
        &["52-a-part-stays-with-the-whole"],
    ),
];
