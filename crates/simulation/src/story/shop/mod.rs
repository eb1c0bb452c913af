//! What does a shop with a server do that the core alone cannot? It gives codes away, keeps
//! orders, customers and a catalogue, counts points and tells others.

pub(super) mod acts;
pub(super) mod claims;

use super::script::Side;
use super::stage::Sentence;
use super::world::{Answer, Brought, Minor, Order, Quoted};

/// Sentences of stories that only a server can be told.
pub(super) fn sentences(side: Side) -> &'static [Sentence] {
    match side {
        Side::Act => acts::ACTS,
        Side::Claim => claims::CLAIMS,
    }
}

/// What a story does and sees beyond the core, by the names that the story gives.
pub trait Shop {
    /// Puts up an address that is told of these events from now on.
    ///
    /// # Errors
    /// As everywhere in this trait: a refusal, or a fault.
    fn listen(&mut self, events: &[String]) -> Answer<()>;
    /// All that the address was told so far, each by its name.
    fn heard(&mut self) -> Answer<Vec<String>>;

    /// Gives a code of a campaign to a customer, and says which.
    fn publish(&mut self, who: &str, campaign: &str) -> Answer<String>;
    fn start_programme(&mut self, programme: &Programme) -> Answer<()>;
    /// Whoever has so many points earns so many times as many.
    fn add_tier(&mut self, tier: &Tier) -> Answer<()>;
    /// A unit of a product for so many points.
    fn offer_reward(&mut self, programme: &str, sku: &str, points: u64) -> Answer<()>;
    /// Gives a card of a programme to a customer, and says which.
    fn join(&mut self, who: &str, programme: &str) -> Answer<String>;
    fn take_reward(&mut self, who: &str, programme: &str, sku: &str) -> Answer<()>;
    fn start_referrals(&mut self, referrals: &Referrals) -> Answer<()>;

    /// Redeems these with an order in one call, with nothing validated before.
    fn redeem(&mut self, who: &str, order: &Order, brought: &[Brought]) -> Answer<Quoted>;
    /// Redeems a code on an order that the shop has: only its number is told.
    fn redeem_on(&mut self, who: &str, order: u64, code: &str) -> Answer<Quoted>;
    /// The same for several codes, none of which waits for another; what each is answered.
    fn redeem_at_once(
        &mut self,
        who: &str,
        order: u64,
        codes: &[&str],
    ) -> Answer<Vec<Answer<Quoted>>>;
    /// Takes back what one campaign or code gave on an order.
    fn take_back(&mut self, order: u64, name: &str) -> Answer<()>;
    /// From now on, what is taken back leaves its order as it was.
    fn leave_orders(&mut self) -> Answer<()>;

    fn knows(&mut self, who: &str) -> Answer<bool>;
    fn order(&mut self, number: u64) -> Answer<Option<Kept>>;
    fn orders(&mut self) -> Answer<u64>;
    /// How often a code was used and not taken back.
    fn uses(&mut self, code: &str) -> Answer<u64>;
    /// Why the last redemption of a code that failed did.
    fn failure(&mut self, code: &str) -> Answer<Option<String>>;
    /// What a unit costs in the catalogue.
    fn price(&mut self, sku: &str) -> Answer<Option<Minor>>;
    /// What a customer's gift cards have left together.
    fn on_cards(&mut self, who: &str) -> Answer<Minor>;
}

/// A loyalty programme: what is earned with a paid order, and what a point pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    pub name: String,
    pub points: u64,
    pub per: Minor,
    pub worth: Option<Minor>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    pub name: String,
    pub programme: String,
    pub from: u64,
    pub times: u64,
}

/// A share off for whoever was brought along, and money on a gift card of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrals {
    pub name: String,
    pub rate: u32,
    pub reward: Minor,
}

/// An order as the shop has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub status: String,
    pub total: Minor,
}
