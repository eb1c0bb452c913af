//! How do the pure crates, put together, live through a story? All state in memory, one step at a
//! time.

mod books;
mod deciding;
mod people;
mod setup;
mod till;

use std::collections::BTreeMap;
use std::sync::Arc;

use decision::{Configuration, Decision, Grant, Policy, Request, Snapshot};
use ledger::{Book, Rejection, Transfer, TransferId};
use measurement::{Arm, Design, WHOLE};
use offers::{Booking, Campaign, Currency, Offer, OfferId, Sku, Voucher, VoucherId};
use profiles::{CustomerId, Node};

use super::world::{
    Answer, Asked, Brought, Budget, CampaignTerms, CodeTerms, ConsentTerms, Decided, Event,
    GiftCard, GiftTerms, Granted, GuardrailTerms, Minor, Order, PolicyTerms, Ppm, Quoted, Replay,
    Shop, Side, Statement, Timestamp, Trouble, Unit, World,
};
use till::Kept;

const EUR: Currency = Currency(*b"EUR");

/// The experiment that the holdout measures.
const PROGRAMME: u64 = 1;

const SECRET: &[u8] = b"a secret of the stories";

/// A validation holds for half an hour.
const HELD_MS: i64 = 1_800_000;

/// The whole core in memory.
pub struct Memory {
    now: Timestamp,
    last_id: u64,
    setup: Configuration,
    vouchers: Vec<Voucher>,
    /// Names are taken for user ids, and those of devices for anonymous ids.
    names: BTreeMap<String, CustomerId>,
    /// One for each name, in order of their numbers.
    nodes: Vec<Node>,
    people: BTreeMap<CustomerId, Person>,
    orders: BTreeMap<u64, Kept>,
    /// What units cost that join an order.
    prices: Vec<(Sku, Minor)>,
    book: Book,
}

#[derive(Default)]
struct Person {
    grants: Vec<Promised>,
    /// From the first decision on, where the customer lets us measure.
    arm: Option<Arm>,
    last: Option<Record>,
}

/// A grant with its code and what it holds.
struct Promised {
    grant: Grant,
    voucher: Option<VoucherId>,
    holds: Vec<Transfer>,
}

/// All that a replay needs.
#[derive(Clone)]
struct Record {
    snapshot: Arc<Snapshot>,
    request: Request,
    decision: Decision,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            now: 0,
            last_id: 0,
            setup: Configuration {
                campaigns: Vec::new(),
                offers: Vec::new(),
                guardrails: Vec::new(),
                policy: Policy::Ranked(Vec::new()),
                design: Design {
                    salt: *b"salt of stories!",
                    holdout: 0,
                    weights: vec![(Arm::Treatment(1), WHOLE)],
                    level: 950_000,
                },
                protected: Vec::new(),
            },
            vouchers: Vec::new(),
            names: BTreeMap::new(),
            nodes: Vec::new(),
            people: BTreeMap::new(),
            orders: BTreeMap::new(),
            prices: Vec::new(),
            book: Book::default(),
        }
    }
}

impl Memory {
    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Opens what is missing and applies the chain, or tells its first line that cannot apply.
    fn apply(&mut self, booking: &Booking) -> Result<(), (usize, Rejection)> {
        let Some(first) = booking.chain.first() else {
            return Ok(());
        };
        for (line, opening) in (ledger::FUNDING_LINES..).zip(&booking.openings) {
            let chain = first.id.chain;
            self.book
                .open(opening, TransferId { chain, line })
                .map_err(|rejection| (0, rejection))?;
        }
        ledger::apply(&mut self.book, &booking.chain, self.now)
    }

    fn offer(&self, id: OfferId) -> Option<(&Offer, &Campaign)> {
        let offer = self.setup.offers.iter().find(|offer| offer.id == id)?;
        let mut campaigns = self.setup.campaigns.iter();
        Some((offer, campaigns.find(|one| one.id == offer.campaign)?))
    }

    fn campaign_named(&self, name: &str) -> Answer<&Campaign> {
        let mut campaigns = self.setup.campaigns.iter();
        campaigns
            .find(|campaign| &*campaign.name == name)
            .ok_or_else(|| fault(format!("there is no campaign {name}")))
    }

    fn offer_named(&self, name: &str) -> Answer<&Offer> {
        let mut offers = self.setup.offers.iter();
        offers
            .find(|offer| &*offer.name == name)
            .ok_or_else(|| fault(format!("there is no campaign {name}")))
    }

    fn voucher(&self, code: &str) -> Option<&Voucher> {
        let code = offers::codes::normalise(code);
        self.vouchers.iter().find(|one| *one.code == *code)
    }
}

fn fault(what: impl Into<String>) -> Trouble {
    Trouble::Fault(what.into())
}

/// What the ledger rejects although nothing here should make it so.
fn rejected((line, rejection): (usize, Rejection)) -> Trouble {
    fault(format!("the ledger rejects line {line}: {rejection:?}"))
}

impl World for Memory {
    fn pass_time(&mut self, now: Timestamp) -> Answer<()> {
        self.now = self.now.max(now);
        self.lapse_holds()?;
        self.lapse_gift_cards()?;
        self.lapse_grants();
        Ok(())
    }

    fn create_campaign(&mut self, campaign: &CampaignTerms) -> Answer<()> {
        self.set_up(campaign)
    }

    fn create_code(&mut self, code: &CodeTerms) -> Answer<()> {
        self.make_code(code)
    }

    fn create_gift_card(&mut self, card: &GiftTerms) -> Answer<()> {
        self.sell(card)
    }

    fn offer_for_sale(&mut self, sku: &str, price: Minor) -> Answer<()> {
        self.prices.push((Sku(sku.into()), price));
        Ok(())
    }

    fn set_policy(&mut self, policy: &PolicyTerms) -> Answer<()> {
        self.adopt(policy)
    }

    fn add_guardrail(&mut self, guardrail: &GuardrailTerms) -> Answer<()> {
        self.setup.guardrails.push(setup::guardrail(guardrail));
        Ok(())
    }

    fn set_holdout(&mut self, share: Ppm) -> Answer<()> {
        self.setup.design.holdout = share;
        Ok(())
    }

    fn place(&mut self, who: &str, side: Side) -> Answer<()> {
        self.place_on(who, side)
    }

    fn consent(&mut self, who: &str, consent: ConsentTerms) -> Answer<()> {
        self.choose(who, consent);
        Ok(())
    }

    fn sign_in(&mut self, who: &str, device: &str) -> Answer<()> {
        self.recognise(who, device);
        Ok(())
    }

    fn happen(&mut self, who: &str, event: &Event) -> Answer<()> {
        self.observe(who, event)
    }

    fn decide(&mut self, asked: &[Asked]) -> Answer<Vec<Decided>> {
        self.decide_for(asked)
    }

    fn replay(&mut self, who: &str) -> Answer<Replay> {
        self.decide_again(who)
    }

    fn validate(&mut self, who: &str, order: &Order, brought: &[Brought]) -> Answer<Quoted> {
        self.hold(who, order, brought)
    }

    fn best(&mut self, who: &str, order: &Order, brought: &[Brought]) -> Answer<Quoted> {
        self.find_best(who, order, brought)
    }

    fn pay(&mut self, who: &str, order: u64, key: &str) -> Answer<Quoted> {
        self.redeem(who, order, key)
    }

    fn let_go(&mut self, order: u64) -> Answer<()> {
        self.release(order)
    }

    fn roll_back(&mut self, order: u64, goods: Option<Minor>) -> Answer<()> {
        self.take_back(order, goods)
    }

    fn budget(&mut self, campaign: &str) -> Answer<Budget> {
        self.budget_of(campaign)
    }

    fn gift_card(&mut self, code: &str) -> Answer<GiftCard> {
        self.card(code)
    }

    fn liability(&mut self) -> Answer<Minor> {
        Ok(self.owed_on_cards())
    }

    fn points(&mut self, who: &str) -> Answer<Minor> {
        let customer = self.customer(who);
        Ok(self.points_of(customer))
    }

    fn left(&mut self, campaign: &str, who: &str, unit: Unit) -> Answer<u64> {
        let customer = self.customer(who);
        self.left_of(campaign, customer, unit)
    }

    fn wallet(&mut self, who: &str) -> Answer<Vec<Granted>> {
        let customer = self.customer(who);
        Ok(self.open_grants(customer))
    }

    fn fact(&mut self, who: &str, path: &str) -> Answer<Option<String>> {
        let customer = self.customer(who);
        Ok(self.read(customer, path))
    }

    fn statement(&mut self, campaign: &str) -> Answer<Statement> {
        self.earned(campaign)
    }

    fn check_books(&mut self) -> Answer<()> {
        self.prove()
    }

    fn shop(&mut self) -> Answer<&mut dyn Shop> {
        Err(fault("the core alone is no shop"))
    }
}
