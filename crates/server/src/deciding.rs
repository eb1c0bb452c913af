//! How does a decision come about? Load what it may read, let the core decide, make the promise,
//! and keep the record; the promise, the code and the record are one command.

mod remaining;

use decision::{Decision, DecisionId, Grant, GrantState, Request, decide, draw_of};
use ledger::Rejection;
use measurement::Arm;
use offers::{
    Booking, CampaignId, Given, Happening, Offer, OfferId, Order, OrderCount, Timestamp, Voucher,
    VoucherId, VoucherKind, Zone,
    chart::{Counter, Occasion},
    order_facts,
};
use profiles::{CustomerId, Profile, Purpose};
use rules::{Facts, Reads};
use serde::{Deserialize, Serialize};
use store::{Command, Expect, Index, Kind, Outcome, Page, ProjectId, View, Write};
use wire::{
    decisions::DecisionRequest,
    voucherify::{order_metadata_facts, order_to_domain},
};

use crate::{
    app::App,
    configuration::{Compiled, Stored},
    lending, moment,
    once::{self, Answer, Key},
    people::{Enrolment, Granted, Limits, People, Person, Unit},
    problem::Refused,
    segments,
    versioned::{self, Versioned},
    vouchers::{Issued, issue, key, under_both},
};

use remaining::{remaining, shared, windows};

/// The programme that the holdout measures: the one experiment every project has.
pub const PROGRAMME: u64 = 1;

/// Somebody else changed the same customer: load again and decide again, at most so often.
const MAX_ATTEMPTS: usize = 8;

/// The bits of an id below its milliseconds, and five of these.
const STRETCH_SHIFT: u32 = 27;

/// What a decision is asked with.
pub struct Asked<'a> {
    pub project: ProjectId,
    /// Whose decision it is, what is being bought and what else is known of the moment. It is
    /// translated anew for each attempt, by the configuration of that attempt.
    pub said: &'a DecisionRequest,
    pub now: Timestamp,
}

/// The record of a decision: all that a replay needs, and what became of the promise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    pub request: Request,
    pub decision: Decision,
    pub promise: Promise,
    /// Facts and order of the request were taken back with the consent they were kept under: it
    /// can be shown, and not be decided again.
    pub stripped: bool,
}

impl Versioned for Recorded {
    const NAME: &'static str = "decision";
    /// 2 knows fractions.
    const SHAPE: u8 = 2;
    const OLDEST: u8 = 1;
}

impl Recorded {
    /// Takes back what the decision was made by; what became of it stays.
    pub fn strip(&mut self) {
        self.request.facts = Facts::default();
        self.request.order = None;
        self.stripped = true;
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Promise {
    /// Nothing was chosen.
    None,
    /// A budget or cap had nothing left when the promise was to be made. Nothing was given: the
    /// runner-up would make the logged propensity untrue.
    Lost,
    /// The customer has it. A tier needs no code.
    Kept {
        offer: OfferId,
        until: Timestamp,
        voucher: Option<VoucherId>,
        code: Option<String>,
    },
}

/// How a decision is told: its answer is kept with an idempotency key, so it is made before the
/// decision is kept.
pub type Teller = fn(&Recorded, &Compiled) -> Result<Answer, Refused>;

/// Decides, promises and records; answers as it did before where the key was used before. `None`
/// for somebody unknown, of whom nothing is kept.
///
/// # Errors
/// When the key was used for something else, or the store fails.
pub async fn make(
    app: &App,
    asked: &Asked<'_>,
    (once, tell): (Option<Key>, Teller),
) -> Result<Option<Answer>, Refused> {
    let id = DecisionId(app.next_id()?);
    let name = asked.said.customer_key()?;
    for _ in 0..MAX_ATTEMPTS {
        let compiled = app.compiled(asked.project).await?;
        let mut order = order(asked, &compiled)?;
        let mut people = People::open(app, asked.project)?;
        let store = order.as_ref().and_then(|order| order.store.as_deref());
        let store = store.map(number_of);
        let shared = || shared(app, &compiled, (store, asked.now));
        let limits = Limits {
            windows: &windows(&compiled.settings.zone, asked.now),
            shared: &shared,
        };
        let Some(customer) = people.named_again(name, &limits).await? else {
            return Ok(None);
        };
        let occasion = occasion(app, order.as_mut(), (customer, asked.now));
        let bought = (order, &occasion);
        let whose = (&mut people, customer, id);
        let request = request((app, &compiled), asked, bought, whose).await?;
        let decision = decide(&compiled.snapshot, &request);
        app.keep_snapshot(asked.project, &compiled).await?;
        let draft = Draft {
            app,
            asked,
            compiled: &compiled,
            told: (once, tell),
            occasion,
            request,
            decision,
        };
        let answer = draft.commit(people, customer).await?;
        if answer.is_some() {
            return Ok(answer);
        }
    }
    Err(Refused::Busy)
}

fn order(asked: &Asked<'_>, compiled: &Compiled) -> Result<Option<Order>, Refused> {
    let Some(order) = &asked.said.order else {
        return Ok(None);
    };
    let order = order_to_domain(order, compiled.settings.currency, compiled.snapshot.reads());
    Ok(Some(order.map_err(|wrong| wrong.under("order"))?))
}

/// Everything the decision may read, loaded and written out.
async fn request(
    (app, compiled): (&App, &Compiled),
    asked: &Asked<'_>,
    (order, occasion): (Option<Order>, &Occasion),
    (people, customer, id): (&mut People<'_>, CustomerId, DecisionId),
) -> Result<Request, Refused> {
    let reads = compiled.snapshot.reads();
    let whose = (&mut *people, customer, asked.now);
    let segments = segments::told(whose, (&compiled.segments, reads)).await?;
    let profile = people.profile(customer);
    let consent = profile.consent;
    let told = (asked.said, order.as_ref());
    let moment = (asked.now, &compiled.settings.zone);
    let mut facts = facts(&profile, told, (moment, reads));
    facts.extend(segments);
    let grants = people
        .person(customer)
        .map(|person| grants(person, asked.now));
    let remaining = remaining(app, people, (compiled, &facts, occasion)).await?;
    Ok(Request {
        id,
        customer,
        consent,
        facts,
        order,
        grants: grants.unwrap_or_default(),
        remaining,
        now: asked.now,
        draw: draw_of(app.secret(), id),
    })
}

/// What the rules in force read, and no more: the record of the decision keeps it.
fn facts(
    profile: &Profile<'_>,
    (said, order): (&DecisionRequest, Option<&Order>),
    (moment, reads): ((Timestamp, &Zone), &Reads),
) -> Facts {
    let mut facts = profiles::facts(profile, Purpose::PersonaliseOffers, moment.0, reads);
    facts.extend(said.context_facts(reads));
    if let Some(order) = &said.order {
        facts.extend(order_metadata_facts(order, reads));
    }
    if let Some(order) = order {
        facts.extend(order_facts(order, reads));
    }
    facts.extend(moment::facts(moment, reads));
    facts
}

/// The customer's grants as they stand now: an open one whose time has come has lapsed.
fn grants(person: &Person, now: Timestamp) -> Vec<Grant> {
    let lapsed = |grant: Grant| match grant.state {
        GrantState::Open if grant.until <= now => Grant {
            state: GrantState::Lapsed,
            ..grant
        },
        _ => grant,
    };
    person
        .grants
        .iter()
        .map(|granted| lapsed(granted.grant))
        .collect()
}

/// What counters count by. It takes the store out of the order: nothing else reads it.
fn occasion(
    app: &App,
    order: Option<&mut Order>,
    (customer, at): (CustomerId, Timestamp),
) -> Occasion {
    let store = order.and_then(|order| order.store.take());
    Occasion {
        customer: Some(customer.0),
        store: store.as_deref().map(number_of),
        at,
        order: 0,
        // Whoever asks is not whoever redeems: what keys may redeem is judged when one does.
        key: None,
        process: app.process(),
    }
}

/// A number for a name: 64 bits of its SHA-256.
#[must_use]
pub fn number_of(name: &str) -> u64 {
    let hash = crate::auth::hash(name);
    let bytes = hash.first_chunk::<8>().copied().unwrap_or_default();
    // Account numbers are kept as signed integers.
    u64::from_be_bytes(bytes) >> 1
}

/// A decision on its way to being kept.
struct Draft<'a> {
    app: &'a App,
    asked: &'a Asked<'a>,
    compiled: &'a Compiled,
    told: (Option<Key>, Teller),
    occasion: Occasion,
    request: Request,
    decision: Decision,
}

impl Draft<'_> {
    /// Makes the promise and keeps the record; `None` when somebody else changed the customer.
    async fn commit(
        self,
        mut people: People<'_>,
        customer: CustomerId,
    ) -> Result<Option<Answer>, Refused> {
        let arm = self.decision.arm;
        let mut writes = self.enrol(&mut people, (customer, arm));
        let (promise, booking) = match self.decision.chosen() {
            Some((offer, _)) => self.promise(&mut people, (customer, offer), &mut writes)?,
            None => (Promise::None, Booking::default()),
        };
        let has_promise = promise != Promise::None;
        let lent = self.lent();
        let may_keep = self.request.consent.allows(Purpose::PersonaliseOffers);
        let mut recorded = Recorded {
            request: self.request,
            decision: self.decision,
            promise,
            stripped: false,
        };
        if !may_keep {
            recorded.strip();
        }
        let keeping = Keeping {
            app: self.app,
            asked: self.asked,
            compiled: self.compiled,
            told: self.told,
            lent,
        };
        writes.extend(record(&recorded)?);
        // Who takes consent back changes: then nothing is kept that was read before.
        let unchanged = people.unchanged(customer);
        let (mut expects, changed) = people.finish()?;
        expects.extend(unchanged);
        writes.extend(changed);
        let command = Command {
            expects,
            openings: booking.openings,
            chain: booking.chain,
            ..crate::setup::writes(self.asked.project, writes)
        };
        match keeping.keep(command, &recorded).await? {
            Ok(answer) => Ok(Some(answer)),
            Err(Outcome::Rejected {
                rejection: Rejection::LimitReached(_),
                ..
            }) if has_promise => keeping.lost(recorded, unchanged).await,
            Err(Outcome::Stale { .. }) => Ok(None),
            Err(other) => Err(Refused::Fault(format!(
                "a decision could not be kept: {other:?}"
            ))),
        }
    }

    fn lent(&self) -> Vec<Counter> {
        let chosen = self.decision.chosen();
        let chosen = chosen.and_then(|(offer, _)| self.compiled.snapshot.offer(offer));
        chosen.map_or_else(Vec::new, |(_, campaign)| {
            lending::lent(campaign, &self.occasion)
        })
    }

    /// From their first decision on, a customer who lets us measure counts for their arm; whoever
    /// comes to be in another arm, by a join or a new design, counts for none.
    fn enrol(&self, people: &mut People<'_>, (customer, arm): (CustomerId, Arm)) -> Vec<Write> {
        let consent = self.request.consent;
        let may_count =
            consent.allows(Purpose::Measure) && consent.allows(Purpose::PersonaliseOffers);
        let Some(person) = people.person(customer).filter(|person| !person.excluded) else {
            return Vec::new();
        };
        match person.enrolled {
            Some(enrolled) if enrolled.arm != arm => people.exclude(customer),
            None if may_count => return self.enrol_now(people, (customer, arm)),
            Some(_) | None => {}
        }
        Vec::new()
    }

    fn enrol_now(&self, people: &mut People<'_>, (customer, arm): (CustomerId, Arm)) -> Vec<Write> {
        let unit = Unit(self.request.id.0);
        if let Some(person) = people.person_mut(customer) {
            person.enrolled = Some(Enrolment {
                arm,
                at: self.asked.now,
                unit,
            });
        }
        vec![Write::Link {
            index: Index::UnitsOfArm,
            key: arm_key(PROGRAMME, arm),
            id: unit.0,
        }]
    }

    fn promise(
        &self,
        people: &mut People<'_>,
        (customer, offer): (CustomerId, OfferId),
        writes: &mut Vec<Write>,
    ) -> Result<(Promise, Booking), Refused> {
        let Some((offer, campaign)) = self.compiled.snapshot.offer(offer) else {
            return Err(Refused::Fault(
                "a chosen offer is not in its snapshot".into(),
            ));
        };
        let until = self.asked.now.saturating_add(offer.grant_ms);
        let voucher = if offer.is_tier {
            None
        } else {
            Some(self.mint(offer, (customer, until))?)
        };
        let given = Given {
            campaign,
            voucher: voucher.as_ref(),
            tier: None,
            discount: offer
                .ceiling(self.request.order.as_ref(), &self.request.facts)
                .unwrap_or(0),
            gift: 0,
            order: OrderCount::default(),
            units: (&[], &[]),
            free_units: 0,
            points: None,
            spent: None,
        };
        let granted = Happening::Granted {
            given: &given,
            occasion: &self.occasion,
            until,
        };
        let booking = offers::book(&granted, self.request.id.0);
        if let Some(voucher) = &voucher {
            writes.extend(self.issue(voucher, campaign.id)?);
        }
        let grant = Grant {
            offer: offer.id,
            at: self.asked.now,
            until,
            state: GrantState::Open,
        };
        if let Some(person) = people.person_mut(customer) {
            let voucher = voucher.as_ref().map_or(VoucherId(0), |voucher| voucher.id);
            person.push_grant(Granted {
                grant,
                voucher,
                decision: self.request.id.0,
                shown_at: None,
            });
        }
        let code = voucher.as_ref().map(|voucher| voucher.code.to_string());
        let voucher = voucher.map(|voucher| voucher.id);
        Ok((
            Promise::Kept {
                offer: offer.id,
                until,
                voucher,
                code,
            },
            booking,
        ))
    }

    /// A code for this customer alone, good once.
    fn mint(
        &self,
        offer: &Offer,
        (customer, until): (CustomerId, Timestamp),
    ) -> Result<Voucher, Refused> {
        let random = getrandom::u64().map_err(|error| Refused::Fault(error.to_string()))?;
        Ok(Voucher {
            id: VoucherId(self.request.id.0),
            code: offers::codes::code_in(self.stretch(), random.to_be_bytes()).into(),
            offer: offer.id,
            kind: VoucherKind::Discount,
            active: true,
            validity: offers::Validity::between(Some(self.asked.now), Some(until - 1)),
            quantity: Some(1),
            holder: Some(customer.0),
        })
    }

    /// What codes of the same 32 ms begin with: codes that are kept together stand together.
    fn stretch(&self) -> u16 {
        let together = self.request.id.0 >> STRETCH_SHIFT;
        let hash = once::short(&[self.app.secret(), &together.to_be_bytes()]);
        u16::from_be_bytes([hash[0], hash[1]])
    }

    fn issue(&self, voucher: &Voucher, campaign: CampaignId) -> Result<Vec<Write>, Refused> {
        let decision = Some(self.request.id.0);
        issue(&Stored {
            thing: Issued {
                voucher: voucher.clone(),
                campaign,
                own: None,
                decision,
                published: None,
                refers: false,
                edition: Some(self.compiled.editions.now(campaign)),
                value: None,
                asks: None,
            },
            extra: serde_json::Value::Null,
            created_at: self.asked.now,
            updated_at: None,
        })
    }
}

/// A decision that is made, on its way to the store and to whoever asked.
struct Keeping<'a> {
    app: &'a App,
    asked: &'a Asked<'a>,
    compiled: &'a Compiled,
    told: (Option<Key>, Teller),
    /// The limits that the promise spends from slices.
    lent: Vec<Counter>,
}

impl Keeping<'_> {
    async fn keep(
        &self,
        command: Command,
        recorded: &Recorded,
    ) -> Result<Result<Answer, Outcome>, Refused> {
        let (once, tell) = self.told;
        let answer = tell(recorded, self.compiled)?;
        let command = Command {
            now: self.asked.now,
            once: once.map(|key| key.once(&answer)),
            ..command
        };
        answer.after(lending::submit(self.app, command, &self.lent).await?)
    }

    /// Keeps the record of a decision whose promise could not be made; `None` when somebody else
    /// changed the customer.
    async fn lost(
        &self,
        recorded: Recorded,
        unchanged: Option<Expect>,
    ) -> Result<Option<Answer>, Refused> {
        let recorded = Recorded {
            promise: Promise::Lost,
            ..recorded
        };
        let command = Command {
            expects: unchanged.into_iter().collect(),
            ..crate::setup::writes(self.asked.project, record(&recorded)?)
        };
        match self.keep(command, &recorded).await? {
            Ok(answer) => Ok(Some(answer)),
            Err(Outcome::Stale { .. }) => Ok(None),
            Err(other) => Err(Refused::Fault(format!(
                "a decision could not be kept: {other:?}"
            ))),
        }
    }
}

fn record(recorded: &Recorded) -> Result<Vec<Write>, Refused> {
    let id = recorded.request.id.0;
    let body = versioned::write(recorded)?;
    let link = |index: Index, of: u64| Write::Link {
        index,
        key: key(of),
        id,
    };
    let mut writes = vec![Write::Put {
        kind: Kind::Decision,
        id,
        body,
    }];
    let offer = match &recorded.promise {
        // Found by its code, which has its number.
        Promise::Kept {
            voucher: Some(_), ..
        } => return Ok(writes),
        Promise::Kept { offer, .. } => Some(*offer),
        Promise::None | Promise::Lost => None,
    };
    let customer = recorded.request.customer.0;
    writes.push(link(Index::DecisionsOfCustomer, customer));
    writes.extend(offer.map(|offer| link(Index::DecisionsOfOffer, offer.0)));
    Ok(writes)
}

/// A stretch of the decisions made for a customer under one of their numbers.
///
/// # Errors
/// When the store cannot be read.
pub async fn made_for(
    view: &mut View,
    (customer, page): (CustomerId, Page),
) -> Result<Vec<u64>, Refused> {
    let indexes = [Index::DecisionsOfCustomer, Index::GrantsOfCustomer];
    under_both(view, indexes, (customer.0, page)).await
}

/// The key under which the units of one arm of an experiment are found.
#[must_use]
pub fn arm_key(experiment: u64, arm: Arm) -> Vec<u8> {
    let arm = match arm {
        Arm::Holdout => [0, 0],
        Arm::Control => [1, 0],
        Arm::Treatment(number) => [2, number],
    };
    [experiment.to_be_bytes().as_slice(), &arm].concat()
}

/// Reads the record of a decision.
///
/// # Errors
/// When there is none.
pub async fn recorded(app: &App, project: ProjectId, id: u64) -> Result<Recorded, Refused> {
    let record = app.store().get(project, Kind::Decision, id).await?;
    let record = record.ok_or_else(|| Refused::NotFound {
        what: "decision",
        id: id.to_string(),
    })?;
    versioned::read(&record.body)
}
