//! Happenings and the transfers that they are.

mod properties;

use ledger::{AccountId, Book, FUNDING_LINES, Kind, Part, Rejection, Transfer, TransferId, apply};
use rules::Condition;

use super::{Booking, Checkout, CountedOrder, GiftCard, Given, Happening, Points, book};
use crate::chart::{AccountKind, Occasion, Reason, counters, period_of};
use crate::{
    Campaign, CampaignId, Cap, CapUnit, Commitment, Currency, Lending, OfferId, OrderCount, Period,
    Reach, Stacking, Validity, Voucher, VoucherId, VoucherKind, Zone,
};

const EUR: Currency = Currency(*b"EUR");

/// Campaign 1 with caps told as `customer uses 3 week; campaign money 500`.
pub(crate) fn campaign(caps: &str) -> Campaign {
    let texts = caps
        .split(';')
        .map(str::trim)
        .filter(|text| !text.is_empty());
    Campaign {
        id: CampaignId(1),
        name: "one".into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        stacking: Stacking::Together,
        priority: 0,
        commitment: Commitment::WhileBudgetLasts,
        currency: EUR,
        caps: texts.map(cap).collect(),
        after: Condition::Always,
        zone: Zone::UTC,
        lending: Lending::Off,
    }
}

fn cap(text: &str) -> Cap {
    let words: Vec<&str> = text.split(' ').collect();
    let reach = match words[0] {
        "campaign" => Reach::Campaign,
        "code" => Reach::Code,
        "customer" => Reach::Customer,
        "overall" => Reach::CustomerOverall,
        "key" => Reach::ApiKey,
        _ => Reach::Store,
    };
    let unit = match words[1] {
        "uses" => CapUnit::Uses,
        "money" => CapUnit::Money,
        "orders" => CapUnit::Orders,
        "credit" => CapUnit::Credit,
        _ => CapUnit::Touches,
    };
    let period = match words.get(3) {
        Some(&"hour") => Period::Hour,
        Some(&"day") => Period::Day,
        Some(&"week") => Period::Week,
        Some(_) => Period::Month,
        None => Period::Ever,
    };
    Cap {
        reach,
        period,
        unit,
        limit: words[2].parse().unwrap(),
        grant_remainder: false,
    }
}

/// Code 5.
pub(crate) fn voucher(quantity: Option<u64>) -> Voucher {
    Voucher {
        id: VoucherId(5),
        code: "FIVE".into(),
        offer: OfferId(2),
        kind: VoucherKind::Discount,
        active: true,
        validity: Validity::default(),
        quantity,
        holder: None,
    }
}

/// `Budget 1`, `DiscountGiven 1.7`, `Cap(Customer, Uses) 1.7@Week`.
pub(crate) fn account_text(id: AccountId) -> String {
    let kind = AccountKind::of(id).unwrap();
    let party = if id.party == 0 {
        String::new()
    } else {
        format!(".{}", id.party)
    };
    let window = match period_of(id.window) {
        Period::Ever => String::new(),
        period => format!("@{period:?}"),
    };
    format!("{kind:?} {}{party}{window}", id.owner)
}

fn text(transfer: &Transfer) -> String {
    let kind = match transfer.kind {
        Kind::Direct => String::new(),
        Kind::Pending { expires_at } => format!(" until {expires_at}"),
        Kind::Post { pending } => format!(" post {}.{}", pending.chain, pending.line),
        Kind::Void { pending } => format!(" void {}.{}", pending.chain, pending.line),
    };
    let reason = Reason::of(transfer.code).unwrap();
    let (debit, credit) = (account_text(transfer.debit), account_text(transfer.credit));
    format!("{debit} > {credit} {} {reason:?}{kind}", transfer.amount)
}

/// One till, one campaign, one code, and the books.
struct Till {
    campaign: Campaign,
    voucher: Voucher,
    occasion: Occasion,
    books: Book,
    chains: u64,
    held: Vec<Transfer>,
    posted: Vec<Transfer>,
}

impl Till {
    /// Customer 7 in store 9; 600 on gift card 5.
    fn new(caps: &str) -> Till {
        let mut till = Till {
            campaign: campaign(caps),
            voucher: voucher(None),
            occasion: Occasion {
                customer: Some(7),
                store: Some(9),
                at: 0,
                order: 70,
                key: Some(3),
                process: 0,
            },
            books: Book::default(),
            chains: 0,
            held: Vec::new(),
            posted: Vec::new(),
        };
        let load = till.booking("load 600");
        till.apply(&load).unwrap();
        till
    }

    /// `grant 500`, `validate 500`, `redeem 300 gift 20 points 8 order 900`, `release`, `rollback`,
    /// `rollback 0-50/300`, `load 100`, `withdraw 100`, `lapse 100`, `fund 100 to 300`.
    fn booking(&self, happening: &str) -> Booking {
        let words: Vec<&str> = happening.split(' ').collect();
        let after = |word: &str| {
            let place = words.iter().position(|one| *one == word);
            place.map_or(0, |place| words[place + 1].parse().unwrap())
        };
        let number = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let points = Points {
            programme: 3,
            amount: after("points"),
        };
        let given = [Given {
            campaign: &self.campaign,
            voucher: Some(&self.voucher),
            tier: None,
            discount: number,
            gift: after("gift"),
            order: OrderCount {
                amount: after("order"),
                counted: &[],
            },
            units: (&[], &[]),
            free_units: 0,
            points: Some(points),
            spent: None,
        }];
        let card = GiftCard {
            campaign: self.campaign.id,
            voucher: self.voucher.id,
            currency: EUR,
        };
        let occasion = &self.occasion;
        let checkout = &Checkout {
            given: &given,
            occasion,
            held: &self.held,
        };
        let limits = counters(&self.campaign, Some(&self.voucher), occasion);
        let expires_at = occasion.at + 1000;
        let happening = match words[0] {
            "grant" => Happening::Granted {
                given: &given[0],
                occasion,
                until: expires_at,
            },
            "validate" => Happening::Validated {
                checkout,
                expires_at,
            },
            "redeem" => Happening::Redeemed { checkout },
            "release" => Happening::Released {
                held: &self.held,
                now: occasion.at,
            },
            "rollback" => Happening::RolledBack {
                posted: &self.posted,
                part: part(words.get(1)),
            },
            "load" => Happening::GiftLoaded {
                card: &card,
                amount: number,
            },
            "withdraw" => Happening::GiftWithdrawn {
                card: &card,
                amount: number,
            },
            "lapse" => Happening::GiftLapsed {
                card: &card,
                left: number,
            },
            _ => Happening::Funded {
                counter: &limits[0],
                before: number,
                after: after("to"),
            },
        };
        book(&happening, self.chains)
    }

    fn apply(&mut self, booking: &Booking) -> Result<(), Rejection> {
        let chain = self.chains;
        self.chains += 1;
        for (opening, line) in booking.openings.iter().zip(FUNDING_LINES..) {
            self.books
                .open(opening, TransferId { chain, line })
                .unwrap();
        }
        let answer = apply(&mut self.books, &booking.chain, self.occasion.at);
        answer.map_err(|(_, rejection)| rejection)
    }

    fn happen(&mut self, happening: &str) -> Result<Booking, Rejection> {
        let booking = self.booking(happening);
        self.apply(&booking)?;
        let holds = booking
            .chain
            .iter()
            .filter(|line| matches!(line.kind, Kind::Pending { .. }));
        self.held.extend(holds);
        if happening.starts_with("redeem") {
            self.posted = booking.chain.clone();
            self.held.clear();
        }
        Ok(booking)
    }

    fn left(&self, id: AccountId) -> Option<u64> {
        self.books
            .accounts
            .get(&id)
            .and_then(ledger::Account::available)
    }
}

fn part(text: Option<&&str>) -> Part {
    let Some(text) = text else { return Part::WHOLE };
    let numbers: Vec<u64> = text
        .split(['-', '/'])
        .map(|one| one.parse().unwrap())
        .collect();
    Part {
        from: numbers[0],
        to: numbers[1],
        of: numbers[2],
    }
}

/// Plays happenings parted by `,` and tells the transfers of the last one; `later` lets an hour
/// pass.
fn check(caps: &str, happenings: &str, expected: &[&str]) {
    let mut till = Till::new(caps);
    let (before, last) = happenings.rsplit_once(", ").unwrap_or(("", happenings));
    for one in before.split(", ").filter(|one| !one.is_empty()) {
        match one {
            "later" => till.occasion.at += 3_600_000,
            "guaranteed" => till.campaign.commitment = Commitment::Guaranteed,
            happening => drop(till.happen(happening).unwrap()),
        }
    }
    let answer = till.happen(last);
    let told = match answer {
        Ok(booking) => booking.chain.iter().map(text).collect(),
        Err(Rejection::LimitReached(id)) => vec![format!("reached {}", account_text(id))],
        Err(other) => vec![format!("{other:?}")],
    };
    assert_eq!(told, expected, "{caps} | {happenings}");
    assert!(till.books.is_balanced());
}

const NO_CAPS: &str = "";

#[test]
fn without_a_limit_nothing_is_held_and_only_own_rows_are_touched() {
    check(NO_CAPS, "validate 500", &[]);
    check(
        NO_CAPS,
        "redeem 500",
        &["Funding 1.7 > DiscountGiven 1.7 500 Discount"],
    );
    check(NO_CAPS, "redeem 0", &[]);
    check("customer uses 1", "redeem 0", &[]);
    check(
        NO_CAPS,
        "redeem 500, rollback",
        &["DiscountGiven 1.7 > Funding 1.7 500 Discount"],
    );
}

#[test]
fn what_orders_cost_and_cards_pay_counts_also_where_it_grew() {
    let caps = "campaign orders 2000; campaign credit 100";
    check(
        caps,
        "redeem 500 order 900 gift 20",
        &[
            "Cap(Campaign, Orders) 1 > Used(Campaign, Orders) 1 900 OrderCounted",
            "Cap(Campaign, Credit) 1 > Used(Campaign, Credit) 1 20 CreditCounted",
            "Funding 1.7 > DiscountGiven 1.7 500 Discount",
            "GiftBalance 5 > GiftSpent 1.5 20 GiftSpent",
        ],
    );
    check(
        caps,
        "redeem 500 order 2001",
        &["reached Cap(Campaign, Orders) 1"],
    );
    check(
        caps,
        "redeem 0 order 9 gift 101",
        &["reached Cap(Campaign, Credit) 1"],
    );
    // What was held is let go, and all of it counts.
    check(
        caps,
        "validate 500 order 900, redeem 500 order 1200",
        &[
            "Cap(Campaign, Orders) 1 > Used(Campaign, Orders) 1 900 OrderCounted void 1.0",
            "Cap(Campaign, Orders) 1 > Used(Campaign, Orders) 1 1200 OrderCounted",
            "Funding 1.7 > DiscountGiven 1.7 500 Discount",
        ],
    );
    check(
        caps,
        "validate 500 order 900, redeem 500 order 800",
        &[
            "Cap(Campaign, Orders) 1 > Used(Campaign, Orders) 1 800 OrderCounted post 1.0",
            "Funding 1.7 > DiscountGiven 1.7 500 Discount",
        ],
    );
    check(
        caps,
        "redeem 500 order 900, rollback",
        &[
            "DiscountGiven 1.7 > Funding 1.7 500 Discount",
            "Used(Campaign, Orders) 1 > Cap(Campaign, Orders) 1 900 OrderCounted",
        ],
    );
    check(
        "key uses 1 day",
        "redeem 500, redeem 500",
        &["reached Cap(ApiKey, Uses) 1.3@Day"],
    );
}

#[test]
fn what_is_held_is_posted_and_never_more() {
    let caps = "campaign money 800; customer uses 2 day";
    check(
        caps,
        "validate 500",
        &[
            "Cap(Customer, Uses) 1.7@Day > Used(Customer, Uses) 1.7@Day 1 Use until 1000",
            "Budget 1 > DiscountGiven 1.7 500 Discount until 1000",
        ],
    );
    check(
        caps,
        "validate 500, redeem 300",
        &[
            "Cap(Customer, Uses) 1.7@Day > Used(Customer, Uses) 1.7@Day 1 Use post 1.0",
            "Budget 1 > DiscountGiven 1.7 300 Discount post 1.1",
        ],
    );
    check(
        caps,
        "validate 500, redeem 501",
        &["MoreThanPending { pending: 500 }"],
    );
    check(caps, "validate 500, validate 500", &[]);
    check(
        caps,
        "validate 500, redeem 0",
        &[
            "Cap(Customer, Uses) 1.7@Day > Used(Customer, Uses) 1.7@Day 1 Use void 1.0",
            "Budget 1 > DiscountGiven 1.7 500 Discount void 1.1",
        ],
    );
    check(
        caps,
        "validate 500, release",
        &[
            "Cap(Customer, Uses) 1.7@Day > Used(Customer, Uses) 1.7@Day 1 Use void 1.0",
            "Budget 1 > DiscountGiven 1.7 500 Discount void 1.1",
        ],
    );
    check(caps, "validate 500, later, release", &[]);
    check(
        caps,
        "validate 500, later, redeem 800",
        &[
            "Cap(Customer, Uses) 1.7@Day > Used(Customer, Uses) 1.7@Day 1 Use",
            "Budget 1 > DiscountGiven 1.7 800 Discount",
        ],
    );
    check(caps, "redeem 801", &["reached Budget 1"]);
    check(
        caps,
        "redeem 1, redeem 1, redeem 1",
        &["reached Cap(Customer, Uses) 1.7@Day"],
    );
    check(caps, "redeem 500, redeem 301", &["reached Budget 1"]);
    check(
        caps,
        "redeem 500, rollback 0-100/500",
        &["DiscountGiven 1.7 > Budget 1 100 Discount"],
    );
    check(
        caps,
        "redeem 500, rollback 100-500/500",
        &[
            "DiscountGiven 1.7 > Budget 1 400 Discount",
            "Used(Customer, Uses) 1.7@Day > Cap(Customer, Uses) 1.7@Day 1 Use",
        ],
    );
    check(
        caps,
        "redeem 500, rollback, rollback",
        &["reached DiscountGiven 1.7"],
    );
}

#[test]
fn a_hold_stands_for_the_same_period_only() {
    let mut till = Till::new("customer uses 5 week");
    till.happen("validate 500").unwrap();
    till.campaign = campaign("customer uses 5 week; customer uses 1 day");
    let told = |till: &Till, happening| {
        let chain = till.booking(happening).chain;
        chain.iter().map(text).collect::<Vec<_>>()
    };
    let of_day = "Cap(Customer, Uses) 1.7@Day > Used(Customer, Uses) 1.7@Day 1 Use";
    let of_week = "Cap(Customer, Uses) 1.7@Week > Used(Customer, Uses) 1.7@Week 1 Use post 1.0";
    let discount = "Funding 1.7 > DiscountGiven 1.7 500 Discount";
    assert_eq!(told(&till, "redeem 500"), [of_day, of_week, discount]);
    assert_eq!(
        told(&till, "validate 500"),
        [format!("{of_day} until 1000")]
    );
    till.happen("redeem 500").unwrap();
    assert_eq!(
        till.happen("redeem 500").unwrap_err(),
        Rejection::LimitReached(counters(&till.campaign, None, &till.occasion)[0].account.id)
    );
}

#[test]
fn a_grant_is_a_touch_and_where_guaranteed_a_hold() {
    let caps = "overall touches 3 week; campaign money 800";
    let touch = "Cap(CustomerOverall, Touches) 0.7@Week > \
                 Used(CustomerOverall, Touches) 0.7@Week 1 Touch";
    check(caps, "grant 500", &[touch]);
    check(
        caps,
        "grant 5, grant 5, grant 5, grant 5",
        &[&format!("reached {}", touch.split(" >").next().unwrap())],
    );
    let hold = "Budget 1 > DiscountGiven 1.7 500 Discount until 1000";
    check(caps, "guaranteed, grant 500", &[touch, hold]);
    check(caps, "guaranteed, grant 500, validate 450", &[]);
    check(
        caps,
        "guaranteed, grant 500, redeem 450",
        &["Budget 1 > DiscountGiven 1.7 450 Discount post 1.1"],
    );
}

/// What points, a free unit of unknown price and a share without ceiling come to in money: no
/// amount that is known when they are granted.
#[test]
fn a_guaranteed_grant_holds_its_use_whatever_its_worth() {
    let caps = "customer uses 1";
    let of_use = "Cap(Customer, Uses) 1.7 > Used(Customer, Uses) 1.7 1 Use";
    let reached = ["reached Cap(Customer, Uses) 1.7"];
    check(caps, "grant 0", &[]);
    check(
        caps,
        "guaranteed, grant 0",
        &[&format!("{of_use} until 1000")],
    );
    check(caps, "guaranteed, grant 0, grant 0", &reached);
    let post = format!("{of_use} post 1.0");
    let points = "PointsCost 3.7 > Points 3.7 8 PointsEarned";
    check(
        caps,
        "guaranteed, grant 0, redeem 0 points 8",
        &[&post, points],
    );
    let share = "Funding 1.7 > DiscountGiven 1.7 450 Discount";
    check(caps, "guaranteed, grant 0, redeem 450", &[&post, share]);
    let mut till = Till::new(caps);
    till.campaign.commitment = Commitment::Guaranteed;
    let held = till.happen("grant 0").unwrap().chain;
    let unit = Given {
        campaign: &till.campaign,
        voucher: Some(&till.voucher),
        tier: None,
        discount: 0,
        gift: 0,
        order: OrderCount::default(),
        units: (&[], &[]),
        free_units: 1,
        points: None,
        spent: None,
    };
    let checkout = Checkout {
        given: &[unit],
        occasion: &till.occasion,
        held: &held,
    };
    let checkout = &checkout;
    let paid = book(&Happening::Redeemed { checkout }, 2).chain;
    assert_eq!(paid.iter().map(text).collect::<Vec<_>>(), [post]);
}

#[test]
fn gift_cards_points_and_their_breakage() {
    check(
        NO_CAPS,
        "load 100",
        &["GiftSold 1.5 > GiftBalance 5 100 GiftLoaded"],
    );
    check(
        NO_CAPS,
        "withdraw 100",
        &["GiftBalance 5 > GiftSold 1.5 100 GiftLoaded"],
    );
    check(
        NO_CAPS,
        "lapse 600",
        &["GiftBalance 5 > GiftBreakage 1.5 600 GiftLapsed"],
    );
    check(NO_CAPS, "lapse 601", &["reached GiftBalance 5"]);
    check(
        NO_CAPS,
        "validate 0 gift 600",
        &["GiftBalance 5 > GiftSpent 1.5 600 GiftSpent until 1000"],
    );
    check(
        NO_CAPS,
        "validate 0 gift 600, redeem 0 gift 580 points 8",
        &[
            "GiftBalance 5 > GiftSpent 1.5 580 GiftSpent post 1.0",
            "PointsCost 3.7 > Points 3.7 8 PointsEarned",
        ],
    );
    check(
        NO_CAPS,
        "redeem 0 points 8, rollback",
        &["Points 3.7 > PointsCost 3.7 8 PointsEarned"],
    );
}

#[test]
fn budgets_and_caps_are_raised_and_lowered() {
    let caps = "campaign money 800";
    check(
        caps,
        "fund 0 to 800",
        &["Funding 1 > Budget 1 800 BudgetSet"],
    );
    check(
        caps,
        "fund 800 to 700",
        &["Budget 1 > Funding 1 100 BudgetSet"],
    );
    check(caps, "redeem 750, fund 800 to 700", &["reached Budget 1"]);
    check(
        caps,
        "redeem 750, fund 800 to 750, redeem 1",
        &["reached Budget 1"],
    );
    check(
        caps,
        "redeem 750, fund 800 to 900, redeem 151",
        &["reached Budget 1"],
    );
    check(
        "customer uses 1 day",
        "fund 1 to 2",
        &["Allowed(Customer, Uses) 1.7@Day > Cap(Customer, Uses) 1.7@Day 1 CapSet"],
    );
}

#[test]
fn a_counted_order_is_revenue_less_costs() {
    let order = CountedOrder {
        experiment: 4,
        customer: 7,
        currency: EUR,
        revenue: 9000,
        goods_cost: 4000,
        shipping_cost: 0,
        fees: 150,
        discount: 1000,
    };
    let booking = book(&Happening::Counted { order: &order }, 1);
    let told: Vec<String> = booking.chain.iter().map(text).collect();
    assert_eq!(
        told,
        [
            "OrdersOf 4.7 > Revenue 4.7 9000 Revenue",
            "GoodsCost 4.7 > OrdersOf 4.7 4000 GoodsCost",
            "Fees 4.7 > OrdersOf 4.7 150 Fees",
            "OrderDiscount 4.7 > OrdersOf 4.7 1000 OrderDiscount",
        ]
    );
    let opened: Vec<String> = booking
        .openings
        .iter()
        .map(|one| account_text(one.id))
        .collect();
    assert_eq!(
        opened,
        [
            "Revenue 4.7",
            "GoodsCost 4.7",
            "Fees 4.7",
            "OrderDiscount 4.7",
            "OrdersOf 4.7"
        ]
    );
}

/// Limit rule 7: what has no limit takes no shared lock.
#[test]
fn two_customers_share_no_row_where_there_is_no_limit() {
    let mut till = Till::new(NO_CAPS);
    let mut rows = Vec::new();
    let people = [(Some(7), 70), (Some(8), 71), (None, 7), (None, 8)];
    for (customer, order) in people {
        till.occasion = Occasion {
            customer,
            order,
            ..till.occasion
        };
        rows.extend(
            till.booking("redeem 500 points 3")
                .openings
                .iter()
                .map(|one| one.id),
        );
    }
    let distinct: std::collections::BTreeSet<_> = rows.iter().collect();
    assert_eq!((rows.len(), distinct.len()), (12, 12));
}

#[test]
fn two_codes_of_one_campaign_each_post_their_own_hold() {
    let campaign = campaign("campaign money 800; code uses 1");
    let codes = [
        voucher(None),
        Voucher {
            id: VoucherId(6),
            ..voucher(None)
        },
    ];
    let occasion = Occasion {
        customer: Some(7),
        ..Occasion::default()
    };
    let given = |index: usize, discount| Given {
        campaign: &campaign,
        voucher: Some(&codes[index]),
        tier: None,
        discount,
        gift: 0,
        order: OrderCount::default(),
        units: (&[], &[]),
        free_units: 0,
        points: None,
        spent: None,
    };
    let both = [given(0, 500), given(1, 200)];
    let priced = Checkout {
        given: &both,
        occasion: &occasion,
        held: &[],
    };
    let held = book(
        &Happening::Validated {
            checkout: &priced,
            expires_at: 9,
        },
        1,
    )
    .chain;
    let second = [given(1, 180)];
    let paid = Checkout {
        given: &second,
        occasion: &occasion,
        held: &held,
    };
    assert_eq!(
        (priced.ceiling(&second[0]), paid.ceiling(&second[0])),
        (None, Some(200))
    );
    let chain = book(&Happening::Redeemed { checkout: &paid }, 2).chain;
    let told: Vec<String> = chain.iter().map(text).collect();
    assert_eq!(
        told,
        [
            "Cap(Code, Uses) 6 > Used(Code, Uses) 6 1 Use post 1.2",
            "Budget 1 > DiscountGiven 1.7 180 Discount post 1.3",
            "Cap(Code, Uses) 5 > Used(Code, Uses) 5 1 Use void 1.0",
            "Budget 1 > DiscountGiven 1.7 500 Discount void 1.1",
        ]
    );
}
