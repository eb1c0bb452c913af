//! What can a story do, and what can it see? Names, numbers and amounts, so that the core in
//! memory and a server behind HTTP can both be the world of a story.

/// Milliseconds since the Unix epoch, UTC.
pub type Timestamp = i64;

/// Whole minor units: 8.00 is 800.
pub type Minor = u64;

/// Parts per million: 10 % is 100 000.
pub type Ppm = u32;

/// Why a world did not do what a story asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An expected "no", with the stable code of the API.
    Refused(String),
    /// The story asks for what cannot be: an order nobody made, a name nobody gave.
    Fault(String),
}

pub use super::shop::{Kept, Programme, Referrals, Shop, Tier};

pub type Answer<T> = Result<T, Trouble>;

/// What a story does to the product and sees of it. Customers, campaigns, codes and products go
/// by the names the story gives them; a customer exists from the first mention on.
pub trait World {
    /// From now on it is this time, never earlier than before. What is due by then has happened:
    /// holds and grants have lapsed, gift cards too.
    ///
    /// # Errors
    /// As everywhere in this trait: a refusal, or a fault.
    fn pass_time(&mut self, now: Timestamp) -> Answer<()>;

    fn create_campaign(&mut self, campaign: &CampaignTerms) -> Answer<()>;
    fn create_code(&mut self, code: &CodeTerms) -> Answer<()>;
    fn create_gift_card(&mut self, card: &GiftTerms) -> Answer<()>;
    /// The catalogue says what a unit of a product is sold at, should it join an order.
    fn offer_for_sale(&mut self, sku: &str, price: Minor) -> Answer<()>;
    fn set_policy(&mut self, policy: &PolicyTerms) -> Answer<()>;
    fn add_guardrail(&mut self, guardrail: &GuardrailTerms) -> Answer<()>;

    /// The share of customers who receive nothing, before anybody is decided for.
    fn set_holdout(&mut self, share: Ppm) -> Answer<()>;
    /// Makes a customer of this name who falls on this side of the holdout; chance is not bent,
    /// the world looks for such a one.
    fn place(&mut self, who: &str, side: Side) -> Answer<()>;

    fn consent(&mut self, who: &str, consent: ConsentTerms) -> Answer<()>;
    /// The customer turns out to be who used this device before.
    fn sign_in(&mut self, who: &str, device: &str) -> Answer<()>;
    fn happen(&mut self, who: &str, event: &Event) -> Answer<()>;

    /// Decides for all of these at the same moment: each is asked before any answer is kept.
    fn decide(&mut self, asked: &[Asked]) -> Answer<Vec<Decided>>;
    /// Makes the last decision for a customer again from its record.
    fn replay(&mut self, who: &str) -> Answer<Replay>;

    /// Prices an order with these codes, and every offer that needs none, and holds the amounts.
    fn validate(&mut self, who: &str, order: &Order, brought: &[Brought]) -> Answer<Quoted>;
    /// Which of these codes, and of all offers that need none, save the most together, and why the
    /// rest is not among them. Nothing is held.
    fn best(&mut self, who: &str, order: &Order, brought: &[Brought]) -> Answer<Quoted>;
    /// Redeems what an order was validated with, under a key, and tells that it was paid.
    fn pay(&mut self, who: &str, order: u64, key: &str) -> Answer<Quoted>;
    /// Lets go of what a validation held.
    fn let_go(&mut self, order: u64) -> Answer<()>;
    /// Takes goods of a paid order back, this much of their list price or all that is left.
    fn roll_back(&mut self, order: u64, goods: Option<Minor>) -> Answer<()>;

    fn budget(&mut self, campaign: &str) -> Answer<Budget>;
    fn gift_card(&mut self, code: &str) -> Answer<GiftCard>;
    /// What all gift cards together owe.
    fn liability(&mut self) -> Answer<Minor>;
    fn points(&mut self, who: &str) -> Answer<Minor>;
    /// What the caps of a campaign still leave to a customer.
    fn left(&mut self, campaign: &str, who: &str, unit: Unit) -> Answer<u64>;
    fn wallet(&mut self, who: &str) -> Answer<Vec<Granted>>;
    /// What may be read of a customer under a name, as text; `None` is not known.
    fn fact(&mut self, who: &str, path: &str) -> Answer<Option<String>>;
    fn statement(&mut self, campaign: &str) -> Answer<Statement>;
    /// Whether debits equal credits in every asset and no account is below its limit.
    ///
    /// # Errors
    /// A fault that says what does not balance.
    fn check_books(&mut self) -> Answer<()>;

    /// What is there beyond the core, where there is a server.
    ///
    /// # Errors
    /// A fault where there is none.
    fn shop(&mut self) -> Answer<&mut dyn Shop>;
}

/// A campaign with its one offer, which bears its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignTerms {
    pub name: String,
    pub benefit: Benefit,
    /// The most one use can cost.
    pub ceiling: Option<Minor>,
    /// The category of the lines it touches; else the order as one amount.
    pub category: Option<String>,
    pub budget: Option<Minor>,
    pub remainder: Remainder,
    pub commitment: Commitment,
    pub stacking: Stacking,
    pub needs_code: NeedsCode,
    /// The lower goes first.
    pub priority: u16,
    pub caps: Vec<Cap>,
    /// How long a grant lives, in ms.
    pub grant_ms: i64,
    /// CEL.
    pub condition: Option<String>,
    /// Counts the benefit's number for each order.
    pub formula: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Benefit {
    PercentOff(Ppm),
    AmountOff {
        amount: Minor,
        spread: Spread,
    },
    FixedPrice(Minor),
    ShippingFree,
    /// Units of one product or of several.
    UnitsFree(Vec<UnitsFree>),
    /// So many more of every line touched.
    SameFree {
        quantity: u32,
    },
    /// Each unit touched gives way to so many of another product.
    Exchange {
        sku: String,
        quantity: u32,
    },
    PointsBack {
        per: Minor,
        points: u64,
    },
}

/// What an amount is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// The order as one; where only some lines are touched, it is shared out by their amounts.
    Order,
    EachLine,
    EachUnit,
    ByAmount,
    ByQuantity,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitsFree {
    pub sku: String,
    pub quantity: u32,
    pub joining: Joining,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// Those in the order first; what is missing joins it.
    Missing,
    /// Whatever is in the order.
    Always,
}

/// What a budget does that holds less than is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remainder {
    Kept,
    Granted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commitment {
    Guaranteed,
    WhileBudgetLasts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stacking {
    Alone,
    Together,
    Always,
}

/// Whether an offer applies by itself, or a decision gives a code for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedsCode {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    pub limit: u64,
    pub unit: Unit,
    pub of: CapOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Uses,
    Touches,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapOf {
    /// Every customer by themselves, in all.
    Customer,
    /// Every customer by themselves, in a calendar week.
    CustomerWeek,
    /// Everybody together, in all.
    Everybody,
}

/// A code made by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeTerms {
    pub code: String,
    pub campaign: String,
    pub uses: Option<u64>,
    /// The only customer who may use it.
    pub holder: Option<String>,
}

/// A gift card, as it is sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GiftTerms {
    pub code: String,
    pub amount: Minor,
    pub until: Timestamp,
    /// The category of the lines it pays for; else the order.
    pub category: Option<String>,
}

/// Campaigns by name, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyTerms {
    Ranked(Vec<String>),
    Ladder(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardrailTerms {
    MarginAtLeast(Ppm),
    DepthAtMost(Ppm),
    NotOnReduced,
    QuietDays(u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Inside,
    Outside,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentTerms {
    /// To personal offers and to being measured.
    Both,
    Offers,
    Measuring,
    /// All that was granted is taken back.
    Withdrawn,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Viewed(Line),
    /// Put in the cart, which is told with its value after.
    Added(Order),
    Bought(Order),
    Named(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The shop's number for it; 0 where it has none yet.
    pub number: u64,
    pub lines: Vec<Line>,
    pub shipping: Minor,
    /// Whether the catalogue learns of the goods.
    pub cataloguing: Cataloguing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cataloguing {
    #[default]
    Off,
    On,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub sku: String,
    pub quantity: u32,
    pub price: Minor,
    /// What a unit costs the shop.
    pub cost: Option<Minor>,
    pub category: Option<String>,
    /// What the shop took off the whole line.
    pub reduced: Minor,
}

/// A code that is put forward with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    pub code: String,
    /// How many points of a card.
    pub points: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub who: String,
    /// What lies in the cart, if that is known.
    pub order: Option<Order>,
}

/// The answer to a decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// The campaign whose offer was given.
    pub offer: Option<String>,
    /// What became of each campaign: `chosen`, `passed`, `withheld`, or the code of a refusal.
    pub fates: Vec<(String, String)>,
    /// What the shopper is told.
    pub told: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    Same,
    Different,
}

/// A priced order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quoted {
    pub taken: Vec<Taken>,
    /// What was put forward and refused, with the code of the refusal.
    pub refused: Vec<(String, String)>,
    pub total: Minor,
    pub held_until: Option<Timestamp>,
}

/// What one campaign or gift card gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The campaign's name, or the gift card's code.
    pub by: String,
    pub amount: Minor,
    /// By line of the order.
    pub lines: Vec<Minor>,
    pub points: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    pub spent: Minor,
    pub held: Minor,
    pub left: Minor,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GiftCard {
    pub spent: Minor,
    pub held: Minor,
    pub left: Minor,
    /// Lapsed unused.
    pub breakage: Minor,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    pub campaign: String,
    pub code: Option<String>,
    pub until: Timestamp,
}

/// What an offer earned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    pub redemptions: u64,
    /// Before discount, of the orders that redeemed it.
    pub revenue: Minor,
    pub goods: Minor,
    pub discount: Minor,
    /// Profit caused in all, in minor units, or why it is not known.
    pub effect: Option<Caused>,
    pub why_not: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caused {
    pub estimate: i64,
    pub low: i64,
    pub high: i64,
}
