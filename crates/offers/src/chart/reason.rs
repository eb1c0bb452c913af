//! For which reasons does value move?

use ledger::Code;

/// Why value moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Reason {
    BudgetSet = 1,
    CapSet = 2,
    Lent = 3,
    Discount = 10,
    Use = 11,
    MoneyCounted = 12,
    Touch = 13,
    OrderCounted = 14,
    CreditCounted = 15,
    UnitsCounted = 16,
    GiftLoaded = 20,
    GiftSpent = 21,
    GiftLapsed = 22,
    PointsEarned = 30,
    PointsLapsed = 31,
    PointsAdded = 32,
    PointsWithdrawn = 33,
    PointsSpent = 34,
    Revenue = 40,
    GoodsCost = 41,
    ShippingCost = 42,
    Fees = 43,
    OrderDiscount = 44,
}

impl Reason {
    /// Every reason with its name and meaning. What is undone keeps its reason, the other way.
    pub const ALL: [(Reason, &'static str, &'static str); 23] = [
        (
            Reason::BudgetSet,
            "Budget set",
            "A campaign's budget was set or changed.",
        ),
        (
            Reason::CapSet,
            "Cap set",
            "What a cap allows was set or changed.",
        ),
        (
            Reason::Lent,
            "Lent",
            "A process was lent a slice of a budget or cap, or gave of it back.",
        ),
        (
            Reason::Discount,
            "Discount",
            "A benefit took this off an order.",
        ),
        (Reason::Use, "Use", "A redeemable was used once."),
        (
            Reason::MoneyCounted,
            "Money counted",
            "A discount counted towards a cap in money.",
        ),
        (
            Reason::Touch,
            "Touch",
            "An offer was chosen for a customer.",
        ),
        (
            Reason::OrderCounted,
            "Order counted",
            "An order counted towards a limit on what orders cost.",
        ),
        (
            Reason::CreditCounted,
            "Credit counted",
            "What a gift card paid counted towards a limit on credit.",
        ),
        (
            Reason::UnitsCounted,
            "Units counted",
            "Discounted units of a product counted towards a cap on them.",
        ),
        (
            Reason::GiftLoaded,
            "Gift loaded",
            "Money was put on a gift card.",
        ),
        (
            Reason::GiftSpent,
            "Gift spent",
            "A gift card paid for part of an order.",
        ),
        (
            Reason::GiftLapsed,
            "Gift lapsed",
            "A gift card's day passed with money on it.",
        ),
        (
            Reason::PointsEarned,
            "Points earned",
            "An order or an event earned points.",
        ),
        (
            Reason::PointsLapsed,
            "Points lapsed",
            "A day passed with points on a card that lapse on it.",
        ),
        (
            Reason::PointsAdded,
            "Points added",
            "The shop put points on a card.",
        ),
        (
            Reason::PointsWithdrawn,
            "Points withdrawn",
            "The shop took points off a card.",
        ),
        (
            Reason::PointsSpent,
            "Points spent",
            "A card's points paid for part of an order, or for a reward.",
        ),
        (Reason::Revenue, "Revenue", "A counted order was paid."),
        (
            Reason::GoodsCost,
            "Cost of goods",
            "A counted order's goods cost this.",
        ),
        (
            Reason::ShippingCost,
            "Shipping cost",
            "Sending a counted order cost this.",
        ),
        (
            Reason::Fees,
            "Fees",
            "Taking a counted order's money cost this.",
        ),
        (
            Reason::OrderDiscount,
            "Order discount",
            "This was taken off a counted order.",
        ),
    ];

    #[must_use]
    pub fn code(self) -> Code {
        Code(self as u16)
    }

    #[must_use]
    pub fn of(code: Code) -> Option<Reason> {
        Reason::ALL
            .into_iter()
            .map(|row| row.0)
            .find(|reason| reason.code() == code)
    }

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Reason::ALL
            .into_iter()
            .find(|row| row.0 == self)
            .map_or("", |row| row.1)
    }
}
