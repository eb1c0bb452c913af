//! What does an order at the till look like, with all that may be read of it? Shared by
//! qualification, validation and redemption: load, then quote.

mod best;
mod counting;
mod found;
mod grouping;
mod holding;
mod membership;
mod open;
mod own;
mod points;
mod quote;
mod records;
mod shelf;
mod stacked;
mod stored;
mod units;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use decision::GrantState;
use ledger::{Account, AccountId, Timestamp, Transfer};
use offers::{
    Asking, Benefit, Campaign, CampaignId, CapUnit, Given, Offer, OfferId, Order, OrderCount,
    Points, Redeemable, StackingRules,
    chart::{self, Counter, Occasion},
};
use profiles::{CustomerId, Identifier, IdentifierKind, Purpose};
use rules::{Condition, Facts, Reads, Telling};
use store::{Expect, Index, Kind, ProjectId, Record};
use wire::{
    ids::{self, Tag},
    voucherify::{
        CustomerInput, Key, Known, Metadata, OrderInput, RedeemableInput, RedeemableKind,
        metadata_facts, order_metadata_facts, order_to_domain,
    },
};

pub use best::Searched;
pub use counting::{Counted, Counting};
pub use found::{Found, Left, Offered};
pub use grouping::grouped;
pub use holding::open_holds;
pub use points::CardUse;
pub use quote::{Fate, Quote, sweep};
pub use records::{
    Back, Counts, Earlier, GiftCounts, OrderUse, PutBack, Redemption, RedemptionState, Reservation,
    Sale, StoredOrder, Used, UsedCard, UsedVoucher,
};
pub use stacked::tiers_of;
use stored::{meant, still_known};
pub use stored::{sale_of, sent_last, stored_order};

use crate::{
    api::{
        dialect::{impossible, not_found, refuse, refuse_plainly},
        promotions, vouchers,
    },
    app::App,
    configuration::{Compiled, Stored},
    deciding::number_of,
    guessing::Attempt,
    lending, moment,
    people::People,
    problem::Refused,
    referring,
    setting::CONFIGURATION,
    vouchers::{self as codes, Issued},
};

/// The number of no record.
const NOTHING: u64 = 0;

/// A rule that reads it binds each code to whom it was given; for them it holds.
const FOR_HOLDER: &str = "publication.redeemable_by_linked_customer";
/// Whose a bound code is that nobody was given.
const NOBODY: u64 = 0;

fn is_for_holder(rules: [&Condition; 2]) -> bool {
    let mut reads = rules.into_iter().flat_map(Condition::reads);
    reads.any(|path| path.as_str() == FOR_HOLDER)
}

/// What is asked at the till.
pub struct Call<'a> {
    pub project: ProjectId,
    /// By which key of the API.
    pub key: u64,
    pub now: Timestamp,
    pub customer: Option<&'a CustomerInput>,
    pub order: Option<&'a OrderInput>,
    pub metadata: Option<&'a Metadata>,
    /// The session whose reservation is meant.
    pub session: Option<&'a str>,
    pub purpose: For,
}

/// What the answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// To tell what would be so: nothing is kept.
    Looking,
    /// To hold it under a session: what the session held before is let go.
    Holding,
    /// To use it: what the session holds is posted.
    Using,
}

/// An order at the till.
pub struct Till<'a> {
    pub app: &'a App,
    pub project: ProjectId,
    pub now: Timestamp,
    pub compiled: Arc<Compiled>,
    pub people: People<'a>,
    /// Known, or about to be.
    pub customer: Option<CustomerId>,
    pub input: OrderInput,
    pub order: Order,
    /// The order as it is kept, and its version.
    pub stored: Option<(StoredOrder, u64)>,
    /// Whether it was paid before.
    pub was_paid: bool,
    pub facts: Facts,
    pub occasion: Occasion,
    pub offered: Vec<Offered>,
    /// What the catalogue calls the goods of each line, where it was asked.
    pub called: Vec<Option<Known>>,
    /// The session's reservation: its record, itself, and its version.
    pub reservation: Option<(u64, Reservation, u64)>,
    /// What the session holds now.
    pub session_holds: Vec<(Redeemable, Vec<Transfer>)>,
    /// How what was put forward is combined.
    rules: StackingRules,
    purpose: For,
    /// Of a browser: what it tries.
    attempt: Option<Arc<Attempt>>,
}

impl<'a> Till<'a> {
    /// Loads the order and its customer, with nothing put forward yet.
    ///
    /// # Errors
    /// When the order cannot be read or the customer is not known by the id given.
    pub async fn open(app: &'a App, call: &Call<'_>) -> Result<Self, Refused> {
        let compiled = app.compiled(call.project).await?;
        let mut people = People::open(app, call.project)?;
        let buyer = call.order.and_then(OrderInput::buyer);
        let named = call.customer.or(buyer.as_ref());
        let stored = stored_order(&mut people, call.order).await?;
        let customer = match (named, &stored) {
            (None, Some((order, _))) => still_known(&mut people, order.customer).await?,
            _ => customer_of(&mut people, (named, call)).await?,
        };
        let (input, was_paid) = meant(people.view(), call.order, stored.as_ref()).await?;
        let mut order = order_to_domain(&input, compiled.settings.currency, &Reads::everything())
            .map_err(|wrong| impossible(&wrong.under("order")))?;
        let earlier = stored.as_ref().map_or(0, |(order, _)| order.taken_off());
        order.discount = order.discount.saturating_add(earlier);
        // Whom the shop knows and we do not yet has all limits left, as far as one only looks. What
        // is held or used counts for somebody who can be told apart again, or for nobody.
        let stranger = named.and_then(user_of);
        let stranger = stranger.filter(|_| call.purpose == For::Looking);
        let stranger = stranger.map(|_| app.next_id()).transpose()?;
        let occasion = Occasion {
            customer: customer.map(|id| id.0).or(stranger),
            store: order.store.as_deref().map(number_of),
            at: call.now,
            key: Some(call.key),
            order: app.next_id()?,
            process: app.process(),
        };
        let mut till = Self {
            app,
            project: call.project,
            now: call.now,
            rules: compiled.stacking.rules.clone(),
            compiled,
            facts: Facts::default(),
            customer,
            people,
            input,
            order,
            stored,
            was_paid,
            occasion,
            offered: Vec::new(),
            called: Vec::new(),
            reservation: None,
            session_holds: Vec::new(),
            purpose: call.purpose,
            attempt: None,
        };
        till.facts = till.read_facts(named, call.metadata);
        till.tell_segments().await?;
        if let Some(key) = call.session {
            till.load_reservation(key).await?;
        }
        Ok(till)
    }

    /// What the customer lets us read, what the shop sent, and the moment.
    fn read_facts(&self, named: Option<&CustomerInput>, metadata: Option<&Metadata>) -> Facts {
        let reads = Reads::everything();
        let mut facts = match self.customer {
            Some(customer) => profiles::facts(
                &self.people.profile(customer),
                Purpose::PersonaliseOffers,
                self.now,
                &reads,
            ),
            None => Facts::default(),
        };
        if let Some(named) = named {
            facts.extend(named.facts());
        }
        facts.extend(order_metadata_facts(&self.input, &reads));
        let mut telling = Telling::to(&reads);
        if let Some(key) = self.occasion.key {
            telling.tell("redemption.api_key", key.to_string());
        }
        if let Some(metadata) = metadata {
            metadata_facts("redemption.metadata.", metadata, &mut telling);
        }
        telling.tell(FOR_HOLDER, true);
        facts.extend(telling.done());
        let moment = (self.now, &self.compiled.settings.zone);
        facts.extend(moment::facts(moment, &reads));
        facts
    }

    /// Puts redeemables forward, with what is left of their limits.
    ///
    /// # Errors
    /// When there are too many, or one twice.
    pub async fn offer(&mut self, redeemables: &[RedeemableInput]) -> Result<(), Refused> {
        if redeemables.is_empty() {
            let details = "/redeemables: at least one";
            return Err(refuse(Key::InvalidPayload, details));
        }
        let most = self.compiled.stacking.said.redeemables_limit;
        if redeemables.len() > most as usize {
            let details = format!("/redeemables: at most {most}");
            return Err(refuse(Key::InvalidPayload, details));
        }
        let tiers = self.unstacked(redeemables).await?;
        self.put_forward(tiers.as_deref().unwrap_or(redeemables))
            .await
    }

    /// As [`Till::offer`], however many there are.
    ///
    /// # Errors
    /// When one is there twice.
    pub async fn put_forward(&mut self, redeemables: &[RedeemableInput]) -> Result<(), Refused> {
        let mut seen = BTreeSet::new();
        for input in redeemables {
            let found = match input.object {
                RedeemableKind::Voucher => self.voucher(input).await?,
                RedeemableKind::PromotionTier => self.tier(input).await?,
                // One that there is was put forward as its tiers.
                RedeemableKind::PromotionStack => None,
            };
            let name = match &found {
                Some(found) => format!("{:?}", found.redeemable),
                None => format!("{:?} {}", input.object, input.id),
            };
            if !seen.insert(name) {
                let details = "Duplicated redeemables detected in one redemption";
                let why = &offers::Refusal::AlreadyApplied;
                return Err(refuse_plainly((Key::DuplicatedRedeemables, details), why));
            }
            let input = input.clone();
            self.offered.push(Offered { input, found });
        }
        self.tell_missing()?;
        self.tell_segments().await?;
        self.look_at_shelf().await?;
        self.tell_own().await?;
        self.group().await?;
        self.load_limits().await
    }

    async fn voucher(&mut self, input: &RedeemableInput) -> Result<Option<Found>, Refused> {
        let Some((issued, version)) = self.issued(&input.id).await? else {
            return Ok(None);
        };
        let compiled = self.compiled.clone();
        let Ok((campaign, offer)) = vouchers::standing(&compiled, &issued) else {
            return Ok(None);
        };
        let (mut campaign, mut offer) = (campaign.into_owned(), offer.into_owned());
        let mut voucher = issued.thing.voucher.clone();
        if issued.thing.published.is_some_and(|one| one.outlives) {
            campaign.validity.until = None;
        }
        if is_for_holder([&campaign.rule, &offer.rule]) {
            voucher.holder = issued.thing.holder().or(Some(NOBODY));
        }
        // Who became somebody else is still the holder.
        let person = self.customer.and_then(|id| self.people.person(id));
        if let (Some(holder), Some(person)) = (voucher.holder, person)
            && person.answers_to(holder)
        {
            voucher.holder = Some(person.id.0);
        }
        if self.is_hidden(&voucher, (&campaign, &offer)) {
            return Ok(None);
        }
        let referral = match issued.thing.refers {
            true => {
                // Who is new to us was referred by nobody.
                let customer = self.occasion.customer.map(CustomerId);
                let of = (customer, &issued.thing);
                Some(referring::of_customer(&mut self.people, of).await?)
            }
            false => None,
        };
        let decision = issued.thing.decision;
        let card = self.card(&issued.thing, input.reward.as_ref()).await?;
        card.iter().for_each(|card| card.ask(&mut offer));
        Ok(Some(Found {
            redeemable: Redeemable::Voucher(voucher.id),
            campaign,
            offer,
            voucher: Some(voucher),
            group: None,
            own: Facts::none(),
            issued: Some((issued, version)),
            referral,
            decision,
            held: Vec::new(),
            limits: Vec::new(),
            units: Vec::new(),
            lacks_units: false,
            credit: input.gift.and_then(|gift| gift.credits),
            balance: 0,
            card,
            others_hold: false,
        }))
    }

    /// The voucher of this name, with its version.
    async fn issued(&mut self, name: &str) -> Result<Option<(Stored<Issued>, u64)>, Refused> {
        let is_open_to_all = self.is_open_to_all();
        let view = self.people.view();
        // Our numbers can be counted through: of a browser only the code itself will do.
        let named = ids::parse(Tag::Voucher, name);
        let id = match named.ok().filter(|_| !is_open_to_all) {
            Some(id) => Some(id),
            None => {
                let code = offers::codes::normalise(name);
                view.find_one(Index::VoucherCode, code.as_bytes()).await?
            }
        };
        // As much is read for a code that is not there as for one that is another's.
        let id = id.or(is_open_to_all.then_some(NOTHING));
        let record = match id {
            Some(id) => view.get(Kind::Voucher, id).await?,
            None => None,
        };
        let issued = |record: Record| Ok((codes::read(&record.body)?, record.version));
        record.map(issued).transpose()
    }

    async fn tier(&mut self, input: &RedeemableInput) -> Result<Option<Found>, Refused> {
        let Ok(tier) = promotions::find(&self.compiled, &input.id) else {
            return Ok(None);
        };
        let campaign = self.compiled.campaigns.get(&tier.thing.campaign);
        let Some(campaign) = campaign else {
            return Ok(None);
        };
        Ok(Some(self.found_tier(&tier.thing, &campaign.thing)))
    }

    fn found_tier(&self, offer: &Offer, campaign: &Campaign) -> Found {
        let person = self.customer.and_then(|id| self.people.person(id));
        let granted = person.and_then(|person| {
            let open = person.grants.iter().rev();
            open.into_iter().find(|granted| {
                let grant = &granted.grant;
                let is_live = grant.state == GrantState::Open && self.now < grant.until;
                is_live && grant.offer == offer.id && granted.voucher.0 == 0
            })
        });
        Found {
            redeemable: Redeemable::Tier(offer.id),
            campaign: campaign.clone(),
            offer: offer.clone(),
            voucher: None,
            group: None,
            own: Facts::none(),
            issued: None,
            referral: None,
            decision: granted.map(|granted| granted.decision),
            held: Vec::new(),
            limits: Vec::new(),
            units: Vec::new(),
            lacks_units: false,
            credit: None,
            balance: 0,
            card: None,
            others_hold: false,
        }
    }

    /// What is left of every limit of what was put forward, read at once.
    async fn load_limits(&mut self) -> Result<(), Refused> {
        let mut offered = std::mem::take(&mut self.offered);
        for found in offered.iter_mut().filter_map(|one| one.found.as_mut()) {
            if let Some(decision) = found.decision {
                found.held = open_holds(&mut self.people, (decision, self.now)).await?;
            }
            found.held.extend(self.held_for(found.redeemable));
            let counters = chart::counters(&found.campaign, found.voucher.as_ref(), &self.occasion);
            let parts = counters.iter().map(|one| lending::parts(self.app, one));
            let parts: Vec<Vec<AccountId>> = parts.collect();
            let capped = self.unit_counters(found);
            let of_units = capped.iter().map(|one| one.counter.account.id);
            let asked: Vec<AccountId> = parts.iter().flatten().copied().chain(of_units).collect();
            let mut accounts = self.people.view().accounts(&asked).await?;
            let of_units = accounts.split_off(asked.len().saturating_sub(capped.len()));
            self.tell_units(found, (capped, &of_units));
            let is_held = |account: &Account| account.debits.pending > 0;
            found.others_hold |= accounts.iter().flatten().any(is_held);
            let mut rest = accounts.as_slice();
            let lefts = counters.into_iter().zip(parts).map(|(counter, parts)| {
                let (of, others) = rest.split_at(parts.len().min(rest.len()));
                rest = others;
                let left = match counter.lender {
                    None => counter.left(of.first().and_then(Option::as_ref)),
                    Some(_) => counter.left_of(of),
                };
                let left = left.saturating_add(self.let_go(counter.account.id));
                let left = match counter.cap.unit {
                    CapUnit::Orders => self.room_for_order(&counter, left),
                    _ => left,
                };
                Left { counter, left }
            });
            found.limits = lefts.collect();
            self.look_at_card(found).await?;
            let gift = found.voucher.as_ref().filter(|_| found.card.is_none());
            if let (Benefit::Credit, Some(voucher)) = (&found.offer.benefit, gift) {
                let id = chart::gift_balance(voucher.id);
                let account = self.people.view().account(id).await?;
                found.others_hold |= account.as_ref().is_some_and(is_held);
                let available = account.as_ref().and_then(Account::available).unwrap_or(0);
                let held = found.held.iter().filter(|hold| hold.debit == id);
                let held = held.map(|hold| hold.amount).max();
                found.balance = available
                    .saturating_add(self.let_go(id))
                    .saturating_add(held.unwrap_or(0));
                let most = held.unwrap_or(found.balance);
                // A card that does not hold what was asked of it gives nothing.
                let asked = found.credit.unwrap_or(most);
                found.credit = Some(if asked > most { 0 } else { asked });
            }
        }
        self.offered = offered;
        Ok(())
    }

    /// The limits of what was put forward that are spent from slices, each once.
    #[must_use]
    pub fn lent(&self) -> Vec<Counter> {
        let found = self.offered.iter().filter_map(|one| one.found.as_ref());
        let campaigns: BTreeMap<CampaignId, &Campaign> = found
            .map(|found| (found.campaign.id, &found.campaign))
            .collect();
        let campaigns = campaigns.into_values();
        campaigns
            .flat_map(|campaign| lending::lent(campaign, &self.occasion))
            .collect()
    }

    /// Who asks, and when.
    #[must_use]
    pub fn asking(&self) -> Asking {
        Asking {
            customer: self.occasion.customer,
            now: self.now,
        }
    }

    /// What must still be so for the answer to hold: the configuration and the codes.
    #[must_use]
    pub fn expects(&self) -> Vec<Expect> {
        let mut expects = vec![Expect {
            kind: Kind::Setting,
            id: CONFIGURATION,
            version: self.compiled.snapshot.id.0,
        }];
        let found = self.offered.iter().filter_map(|one| one.found.as_ref());
        let codes = found.filter_map(|found| found.issued.as_ref());
        expects.extend(codes.map(|(issued, version)| Expect {
            kind: Kind::Voucher,
            id: issued.thing.voucher.id.0,
            version: *version,
        }));
        if let Some((id, _, version)) = self.reservation {
            expects.push(Expect {
                kind: Kind::Reservation,
                id,
                version,
            });
        }
        expects
    }
}

impl Found {
    /// What its rules, scopes and formulas read.
    #[must_use]
    pub fn reads(&self) -> Reads {
        Reads::visited(|visit| {
            self.campaign.each_read(visit);
            self.offer.each_read(visit);
        })
    }

    fn tier(&self) -> Option<OfferId> {
        match self.redeemable {
            Redeemable::Tier(id) => Some(id),
            Redeemable::Voucher(_) => None,
        }
    }

    /// What it gives, as it was priced, on an order that counts so.
    #[must_use]
    pub fn given<'a>(
        &'a self,
        (discount, order): (&'a offers::Discount, OrderCount<'a>),
    ) -> Given<'a> {
        let is_gift = self.offer.benefit == Benefit::Credit && self.card.is_none();
        let card = self.card.as_ref();
        let units = (discount.counted.as_slice(), self.units.as_slice());
        let points = Points {
            programme: self.campaign.id.0,
            amount: discount.points,
        };
        Given {
            campaign: &self.campaign,
            voucher: self.voucher.as_ref(),
            tier: self.tier(),
            discount: if is_gift { 0 } else { discount.amount },
            gift: if is_gift { discount.amount } else { 0 },
            order,
            units,
            free_units: discount.units(),
            points: (discount.points > 0).then_some(points),
            spent: card.and_then(|card| card.spent(discount.amount)),
        }
    }
}

/// The shop's own name of a customer.
fn user_of(named: &CustomerInput) -> Option<Identifier> {
    let source = named.source_id.as_deref()?;
    Identifier::new(IdentifierKind::User, source)
}

async fn customer_of(
    people: &mut People<'_>,
    (named, call): (Option<&CustomerInput>, &Call<'_>),
) -> Result<Option<CustomerId>, Refused> {
    let Some(named) = named else { return Ok(None) };
    if let Some(id) = &named.id {
        let missing = || not_found("customer", id);
        let number = ids::parse(Tag::Customer, id).map_err(|_| missing())?;
        return match people.load(CustomerId(number)).await {
            Ok(customer) => Ok(Some(customer)),
            Err(Refused::NotFound { .. }) => Err(missing()),
            Err(other) => Err(other),
        };
    }
    let Some(identifier) = user_of(named) else {
        return Ok(None);
    };
    if call.purpose == For::Looking {
        return people.find(&identifier).await;
    }
    let resolved = people.resolve(&[identifier], call.now).await?;
    Ok(resolved.map(|(customer, _)| customer))
}
