//! What a marketer sets up: campaigns, their offers and vouchers, and the caps on them.

use std::sync::Arc;

use rules::{Condition, Path, Reads};
use serde::{Deserialize, Serialize};

use crate::{
    Bundle, Calendar, Currency, Formula, Lines, Minor, PRODUCT, Sku, Timestamp, UnitCap, Zone,
};

/// Parts per million: 10 % is 100 000.
pub type Ppm = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CampaignId(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OfferId(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VoucherId(pub u64);

/// From when (inclusive) until when (the last valid millisecond, inclusive); `None` is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// When it is open in between; `None` is always.
    #[serde(default)]
    pub calendar: Option<Arc<Calendar>>,
}

impl Validity {
    /// Whether all that it says is so at an instant.
    #[must_use]
    pub fn is_open(&self, at: Timestamp, zone: &Zone) -> bool {
        let calendar = self.calendar.as_ref();
        self.from.is_none_or(|from| from <= at)
            && self.until.is_none_or(|until| at <= until)
            && calendar.is_none_or(|calendar| calendar.is_open((self.from, at), zone))
    }

    #[must_use]
    pub fn between(from: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        let calendar = None;
        Self {
            from,
            until,
            calendar,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    pub id: CampaignId,
    pub name: Arc<str>,
    pub active: bool,
    pub validity: Validity,
    /// Who and what qualifies, over customer, order and context facts.
    pub rule: Condition,
    /// What must hold of the order as it stands once something applied: `order.total_amount`.
    pub after: Condition,
    pub stacking: Stacking,
    /// The lower goes first in a stack.
    pub priority: u16,
    pub commitment: Commitment,
    pub currency: Currency,
    /// By whose clock days, hours and periods are told.
    #[serde(default)]
    pub zone: Zone,
    pub caps: Vec<Cap>,
    #[serde(default)]
    pub lending: Lending,
}

/// From where the processes that serve a shop spend what all orders of a campaign share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lending {
    /// All from one account.
    #[default]
    Off,
    /// Each from a slice of its own, which is lent to it from that account.
    Slices,
}

/// Which redeemables may be used together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stacking {
    /// With none but those that stack always.
    Alone,
    /// With all that stack together.
    Together,
    /// With everything, and after it.
    Always,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Commitment {
    /// A grant holds its ceiling from the budget until it lapses.
    Guaranteed,
    /// A grant holds nothing: first come, first served.
    WhileBudgetLasts,
}

/// A limit of a campaign or code. Each becomes an account that may not go below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cap {
    pub reach: Reach,
    pub period: Period,
    pub unit: CapUnit,
    pub limit: u64,
    /// Money only: when less is left than asked, grant what is left.
    pub grant_remainder: bool,
}

/// Over what a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reach {
    /// Everything the campaign gives.
    Campaign,
    /// Each code by itself.
    Code,
    /// Each customer by themselves, within the campaign.
    Customer,
    /// Each customer by themselves, over all campaigns of the project.
    CustomerOverall,
    /// Each store (or other place the order names) by itself, within the campaign.
    Store,
    /// Each key of the API by itself, within the campaign.
    ApiKey,
}

/// Calendar periods by the clock of the shop; weeks begin on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Period {
    Ever,
    Hour,
    Day,
    Week,
    Month,
}

impl Period {
    pub const ALL: [Self; 5] = [Self::Ever, Self::Hour, Self::Day, Self::Week, Self::Month];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CapUnit {
    Uses,
    /// Discount, in minor units of the campaign's currency.
    Money,
    /// Decisions that chose an offer for the customer.
    Touches,
    /// What the goods of orders cost, before anything was taken off, in minor units.
    Orders,
    /// Credit of gift cards that paid, in minor units.
    Credit,
}

/// A benefit with a scope, ready to be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    pub id: OfferId,
    pub campaign: CampaignId,
    pub name: Arc<str>,
    pub active: bool,
    pub validity: Validity,
    /// What must hold beside the campaign's rule.
    pub rule: Condition,
    /// The same, once it applied.
    pub after: Condition,
    /// What it gives it gives for each complete set of these goods, and for none it gives nothing.
    pub bundle: Option<Bundle>,
    pub benefit: Benefit,
    /// Counts the benefit's number for each order; where it comes to nothing, the number stands.
    pub formula: Option<Formula>,
    pub scope: Scope,
    /// Applies without a code, when the order qualifies.
    pub is_tier: bool,
    /// The lower goes first where the offers of one campaign are listed; in which order they apply
    /// says who puts them forward.
    pub priority: u16,
    /// How long a grant of it lives, in ms.
    pub grant_ms: i64,
}

impl Campaign {
    /// Visits all facts that its rules may read, as often as they are written.
    pub fn each_read(&self, visit: &mut dyn FnMut(&Path)) {
        self.rule.each_read(visit);
        self.after.each_read(visit);
    }
}

impl Offer {
    /// All that is counted for each order.
    pub fn formulas(&self) -> impl Iterator<Item = &Formula> {
        let units = match &self.benefit {
            Benefit::UnitsFree(units) => &units[..],
            _ => &[],
        };
        let picks = match &self.scope {
            Scope::Order => &[],
            Scope::Lines(lines) => &lines.picks[..],
        };
        let of_units = units.iter().filter_map(|unit| unit.formula.as_ref());
        let of_picks = picks.iter().filter_map(|pick| pick.price_formula.as_ref());
        self.formula.iter().chain(of_units).chain(of_picks)
    }

    /// All its caps on units of products.
    pub fn unit_caps(&self) -> impl Iterator<Item = &UnitCap> {
        let picks = match &self.scope {
            Scope::Order => &[],
            Scope::Lines(lines) => &lines.picks[..],
        };
        picks.iter().flat_map(|pick| &pick.unit_caps)
    }

    /// All facts that its conditions and formulas may read, the campaign's rule aside.
    #[must_use]
    pub fn reads(&self) -> Reads {
        Reads::visited(|visit| self.each_read(visit))
    }

    /// Visits them, as often as they are written.
    pub fn each_read(&self, visit: &mut dyn FnMut(&Path)) {
        let parts = self.bundle.iter().flat_map(|bundle| &bundle.parts);
        let conditions = [&self.rule, &self.after].into_iter();
        let conditions = conditions.chain(self.scope.conditions());
        let conditions = conditions.chain(parts.map(|part| &part.of));
        conditions.for_each(|condition| condition.each_read(visit));
        self.formulas().for_each(|formula| formula.each_read(visit));
        if self.unit_caps().any(|cap| cap.goods.is_of_each()) {
            visit(&PRODUCT.into());
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Benefit {
    PercentOff {
        rate: Ppm,
        ceiling: Option<Minor>,
    },
    AmountOff {
        amount: Minor,
        spread: Spread,
    },
    /// The order, or each unit in scope, costs this much at most.
    FixedPrice {
        price: Minor,
    },
    ShippingFree {
        ceiling: Option<Minor>,
    },
    /// Units of these products cost nothing.
    UnitsFree(Vec<UnitFree>),
    /// So many more units of every line in scope join the order and cost nothing.
    SameFree {
        quantity: u32,
    },
    /// Each unit in scope gives way to so many of another product, at the price of what gave way
    /// or, where they cost less, at their own.
    Exchange {
        sku: Sku,
        quantity: u32,
    },
    /// Money owed to the holder of a gift card, as far as it is left; on a loyalty card, what its
    /// points are worth.
    Credit,
    /// For every `per` paid, so many points are owed after the order.
    PointsBack {
        per: Minor,
        points: u64,
    },
}

/// Units of one product that one benefit makes free or gives instead, at most.
pub const MAX_FREE_UNITS: u32 = 1_000;

/// So many units of one product that cost nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFree {
    pub sku: Sku,
    pub quantity: u32,
    /// Counts the quantity, as [`Offer::formula`] does.
    pub formula: Option<Formula>,
    pub joining: Joining,
}

/// Which units become free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Joining {
    /// Those in the order first; what is missing joins it.
    Missing,
    /// As many more as there are, whatever is in the order.
    Always,
}

impl Benefit {
    /// Units of one product, those in the order first.
    #[must_use]
    pub fn unit_free(sku: Sku, quantity: u32) -> Self {
        let joining = Joining::Missing;
        Self::UnitsFree(vec![UnitFree {
            sku,
            quantity,
            formula: None,
            joining,
        }])
    }
}

/// What an amount off is counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spread {
    /// Once, on the order.
    Order,
    /// Once for every line in scope.
    EachLine,
    /// Once for every unit in scope.
    EachUnit,
    /// Once, split over the lines in scope by their amounts.
    ByAmount,
    /// Once, split over the lines in scope by their quantities.
    ByQuantity,
}

/// Which part of an order a benefit touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// The order as one amount.
    Order,
    /// Some of its lines, or units of them.
    Lines(Lines),
}

impl Scope {
    /// All that it asks of lines; nothing where the order is one amount.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let (of, picks) = match self {
            Self::Order => (None, &[][..]),
            Self::Lines(lines) => (Some(&lines.of), &lines.picks[..]),
        };
        of.into_iter().chain(picks.iter().map(|pick| &pick.of))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    pub id: VoucherId,
    pub code: Arc<str>,
    pub offer: OfferId,
    pub kind: VoucherKind,
    pub active: bool,
    pub validity: Validity,
    /// How often it can be used; `None` is without limit.
    pub quantity: Option<u64>,
    /// The only customer who may use it.
    pub holder: Option<u64>,
}

impl Voucher {
    #[must_use]
    pub fn is_gift_card(&self) -> bool {
        matches!(self.kind, VoucherKind::GiftCard { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VoucherKind {
    Discount,
    /// With the amount first put on it.
    GiftCard {
        amount: Minor,
    },
    /// With the points first put on it.
    LoyaltyCard {
        points: Minor,
    },
}
