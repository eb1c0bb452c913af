//! How does a shopper answer an offer?

/// The four kinds of people a marketer meets (Radcliffe and Surry 1999).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nature {
    /// Buys anyway: an offer only costs.
    SureThing,
    /// Buys because of an offer.
    Persuadable,
    /// Buys hardly ever, whatever happens.
    LostCause,
    /// Buys unless bothered.
    DoNotDisturb,
}

/// One life of a shopper: the one lived, or the one without offers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Life {
    /// How used to discounts they are, from 0 to 1.
    pub habituation: f64,
    /// The last day they bought, counted from 1; 0 is never.
    pub bought: u32,
    /// What the shop earned from them: paid − goods − delivery − fees, in cents.
    pub profit: i64,
    pub orders: u32,
}

/// A person with a nature, a taste, and two lives: as lived, and had there been no offers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shopper {
    pub nature: Nature,
    /// Which category they like best, by its place in the catalogue.
    pub taste: usize,
    /// How likely a visit is on a day.
    pub visits: f64,
    pub consents: bool,
    pub lived: Life,
    pub twin: Life,
}

/// An offer of this share of the order is felt in full.
const FULL_DEPTH: f64 = 0.12;
/// A bought order keeps a shopper content for about so many days.
const CONTENT_DAYS: f64 = 9.0;

impl Shopper {
    /// The chance to buy on a visit, with an offer worth `depth` of the order.
    #[must_use]
    pub fn buys(&self, life: &Life, depth: f64, season: f64) -> f64 {
        let felt = (depth / FULL_DEPTH).clamp(0.0, 1.3) * (1.0 - 0.6 * life.habituation);
        let (base, with_offer) = match self.nature {
            Nature::SureThing => (0.42, 0.43),
            Nature::Persuadable => (0.05, 0.38),
            Nature::LostCause => (0.008, 0.012),
            Nature::DoNotDisturb => (0.26, 0.12),
        };
        // Habituation also lowers the wish to pay the full price.
        let unassisted = base * (1.0 - 0.35 * life.habituation);
        ((unassisted + (with_offer - base) * felt) * season).clamp(0.0, 0.95)
    }

    /// The chance to come by on a day: less soon after an order.
    #[must_use]
    pub fn comes(&self, life: &Life, day: u32) -> f64 {
        if life.bought == 0 {
            return self.visits;
        }
        let since = f64::from(day + 1 - life.bought.min(day + 1));
        self.visits * (1.0 - 0.8 * (-since / CONTENT_DAYS).exp())
    }
}

impl Life {
    /// A visit leaves its trace: an offer teaches to wait for the next one
    /// (`h ← 0.8 h + 0.2 d/0.3` with the depth `d`, as in the protocol of the policies' test).
    pub fn remember(&mut self, depth: f64) {
        let taught = (depth / 0.3).clamp(0.0, 1.0);
        self.habituation = 0.8 * self.habituation + 0.2 * taught;
    }

    pub fn buy(&mut self, day: u32, profit: i64) {
        self.bought = day + 1;
        self.profit += profit;
        self.orders += 1;
    }
}
