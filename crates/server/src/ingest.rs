//! What becomes of events? Consent first, then once only, then whose it is, then what it adds; all
//! of a batch is one command.

use std::collections::HashSet;

use profiles::{Activity, Consent, CustomerId, Identifier, IdentifierKind, Kind, NodeId, Purpose};
use rules::Facts;
use store::{Command, Index, Outcome, ProjectId, Write};
use wire::{
    ids::{self, Tag},
    problem::Place,
    segment::{Batch, Call, Event, Track},
};

use crate::{
    api::At,
    app::App,
    configuration::Compiled,
    counting::{Counted, Counting, Told, message_key, order_key},
    people::{MAX_IDENTIFIERS, People, Whose},
    problem::Refused,
    retention, webhooks, withdrawing,
};

/// Somebody else changed one of the same people: begin anew, at most so often.
const MAX_ATTEMPTS: usize = 20;

/// What became of the events of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub stored: u64,
    /// Left no byte: nobody allowed them.
    pub no_consent: u64,
    /// Seen before.
    pub repeated: u64,
    /// Could not be read.
    pub refused: u64,
    /// Would have given a customer more identifiers than are kept of one.
    pub crowded: u64,
}

/// What becomes of a batch of which some events cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The others are taken.
    Lenient,
    /// None is, and the answer names those that cannot.
    Strict,
}

/// Takes what can be taken of a batch, all of it in one command.
///
/// # Errors
/// `Busy` when the same people kept changing; `Items` where it is strict and an event is crowded;
/// a fault when the store fails.
pub async fn take(
    app: &App,
    (project, now): (ProjectId, i64),
    (batch, mode): (&Batch<'_>, Mode),
) -> Result<Tally, Refused> {
    let compiled = app.compiled(project).await?;
    let mut turn = None;
    for _ in 0..MAX_ATTEMPTS {
        let mut unit = Unit {
            app,
            project,
            now,
            compiled: &compiled,
            people: People::open(app, project)?,
            counting: Counting::default(),
            seen: HashSet::new(),
            links: Vec::new(),
            tally: Tally::default(),
        };
        let mut places = Vec::new();
        for (index, event) in batch.items.iter().enumerate() {
            let crowded = unit.tally.crowded;
            match event {
                Ok(event) => unit.take(event).await?,
                Err(_) => unit.tally.refused += 1,
            }
            if unit.tally.crowded > crowded {
                places.push(place(index));
            }
        }
        if mode == Mode::Strict && !places.is_empty() {
            return Err(Refused::Items(places));
        }
        if let Some(tally) = unit.commit().await? {
            return Ok(tally);
        }
        // Whoever was disturbed waits for the others that were, so that they do not disturb each
        // other again and again.
        if turn.is_none() {
            turn = Some(app.turn().await);
        }
    }
    Err(Refused::Busy)
}

fn place(index: usize) -> Place {
    Place {
        pointer: format!("/batch/{index}"),
        detail: format!("too_many_identifiers: a customer has at most {MAX_IDENTIFIERS}"),
    }
}

/// One batch on its way into the store.
struct Unit<'a> {
    app: &'a App,
    project: ProjectId,
    now: i64,
    compiled: &'a Compiled,
    people: People<'a>,
    counting: Counting,
    seen: HashSet<[u8; 16]>,
    links: Vec<Write>,
    tally: Tally,
}

impl Unit<'_> {
    async fn take(&mut self, event: &Event<'_>) -> Result<(), Refused> {
        let (mut identifiers, mut whose) = self.whose(event).await?;
        let said = event.consent.map(|said| said.at(event.at));
        let consent = said.map_or(whose.consent, |said| whose.consent.merge(said));
        let is_change = whose.is_known && is_other(whose.consent, consent);
        if !(is_allowed(consent) || is_change) {
            self.tally.no_consent += 1;
            return Ok(());
        }
        if !is_allowed(consent) {
            // A denial is heard, and brings nothing new of the person.
            identifiers = self.known(identifiers).await?;
            whose = self.people.whose(&identifiers).await?;
        }
        if is_change && self.people.is_crowded(&whose) {
            // What they say of consent counts all the same, for whom we know them to be.
            identifiers.truncate(1);
            whose = self.people.whose(&identifiers).await?;
        }
        if self.people.is_crowded(&whose) {
            self.tally.crowded += 1;
            return Ok(());
        }
        if self.is_repeated(event).await? {
            self.tally.repeated += 1;
            return Ok(());
        }
        self.tally.stored += 1;
        let Some(who) = self.people.take(&identifiers, &whose, self.now).await? else {
            return Ok(());
        };
        if let Some(said) = said {
            self.people.state(who.0, who.1, said);
        }
        match &event.call {
            Call::Identify(traits) => self.describe(who.0, consent, &traits.facts),
            Call::Track(track) => self.track(who, consent, track).await?,
            Call::ConsentUpdated | Call::Alias { .. } | Call::Unused => {}
        }
        Ok(())
    }

    async fn whose(&mut self, event: &Event<'_>) -> Result<(Vec<Identifier>, Whose), Refused> {
        let of = |kind, text: Option<&str>| text.and_then(|text| Identifier::new(kind, text));
        let user = of(IdentifierKind::User, event.user_id.as_deref());
        let anonymous = of(IdentifierKind::Anonymous, event.anonymous_id.as_deref());
        if let Call::Alias { previous_id } = &event.call {
            let previous = self.previous(previous_id).await?;
            if let (Some(previous), Some(user)) = (previous, user.clone().or(anonymous.clone())) {
                let both = [previous, user];
                let whose = self.people.alias(&both).await?;
                return Ok((both.to_vec(), whose));
            }
        }
        let email = match &event.call {
            Call::Identify(traits) => of(IdentifierKind::Email, traits.email.as_deref()),
            _ => None,
        };
        let all: Vec<Identifier> = [user, email, anonymous].into_iter().flatten().collect();
        let whose = self.people.whose(&all).await?;
        Ok((all, whose))
    }

    async fn known(&mut self, all: Vec<Identifier>) -> Result<Vec<Identifier>, Refused> {
        let mut known = Vec::new();
        for identifier in all {
            if self.people.is_known(&identifier).await? {
                known.push(identifier);
            }
        }
        Ok(known)
    }

    /// A previous id is a user's where we know such a user, and a device's otherwise.
    async fn previous(&mut self, id: &str) -> Result<Option<Identifier>, Refused> {
        let user = Identifier::new(IdentifierKind::User, id);
        if let Some(user) = user
            && self.people.is_known(&user).await?
        {
            return Ok(Some(user));
        }
        Ok(Identifier::new(IdentifierKind::Anonymous, id))
    }

    async fn is_repeated(&mut self, event: &Event<'_>) -> Result<bool, Refused> {
        let Some(message) = &event.message_id else {
            return Ok(false);
        };
        let key = message_key(self.project, message);
        if !self.seen.insert(key) {
            return Ok(true);
        }
        let view = self.people.view();
        if view.find_one(Index::Message, &key).await?.is_some() {
            return Ok(true);
        }
        self.links.push(Write::Link {
            index: Index::Message,
            key: key.to_vec(),
            id: retention::dated(self.now, self.app.next_id()?),
        });
        Ok(false)
    }

    fn describe(&mut self, customer: CustomerId, consent: Consent, facts: &Facts) {
        let is_allowed = consent.allows(Purpose::PersonaliseOffers);
        if is_allowed && let Some(person) = self.people.person_mut(customer) {
            person.traits.extend(facts.clone());
        }
    }

    async fn track(
        &mut self,
        (customer, node): (CustomerId, NodeId),
        consent: Consent,
        track: &Track<'_>,
    ) -> Result<(), Refused> {
        let activity = &track.activity;
        let admission = profiles::admit(consent, activity);
        if !(admission.features || admission.outcome) {
            return Ok(());
        }
        let measured = admission.outcome.then_some(customer);
        if !self.count(measured, track).await? {
            return Ok(());
        }
        if admission.features
            && let Some(node) = self.people.node_mut(customer, node)
        {
            node.tallies.observe(activity);
        }
        Ok(())
    }

    /// Counts what counts, for a customer who lets us measure. `false` for an order that was told
    /// before, under whatever message.
    async fn count(
        &mut self,
        measured: Option<CustomerId>,
        track: &Track<'_>,
    ) -> Result<bool, Refused> {
        let order = track.order_id.as_deref();
        match (&track.activity.kind, order) {
            (Kind::OrderCompleted(_), Some(order)) => {
                let key = order_key(self.project, order);
                if self.counting.is_told(self.people.view(), key).await? {
                    return Ok(false);
                }
                let counted = measured.and_then(|customer| self.counted(customer, track));
                self.counting
                    .complete(key, self.told(counted, &track.activity)?);
            }
            (Kind::OrderRefunded { amount, .. }, Some(order)) => {
                let key = order_key(self.project, order);
                if self.counting.is_told(self.people.view(), key).await? {
                    self.counting.refund(self.app, (key, *amount))?;
                }
            }
            (Kind::OfferExposed, _) => self.shown(measured, track),
            _ => {}
        }
        Ok(true)
    }

    fn told(&self, counted: Option<Counted>, activity: &Activity) -> Result<Told, Refused> {
        let paid = match &activity.kind {
            Kind::OrderCompleted(order) => order.total,
            _ => 0,
        };
        Ok(Told {
            id: self.app.next_id()?,
            paid,
            refunded: 0,
            counted,
        })
    }

    /// Orders count from the enrolment on: what came before it is the same in every arm.
    fn counted(&self, customer: CustomerId, track: &Track<'_>) -> Option<Counted> {
        let enrolled = self.people.person(customer)?.enrolled?;
        let Kind::OrderCompleted(order) = &track.activity.kind else {
            return None;
        };
        let is_after = track.activity.at >= enrolled.at;
        let costs = track.costs.unwrap_or_default();
        let counted = Counted::new(
            enrolled.unit,
            self.compiled.settings.currency,
            order.discount,
            costs,
        );
        is_after.then_some(counted)
    }

    /// The first time a customer saw what they were granted.
    fn shown(&mut self, measured: Option<CustomerId>, track: &Track<'_>) {
        let decision = track.promotion_id.as_deref();
        let decision = decision.and_then(|text| ids::parse(Tag::Decision, text).ok());
        let (Some(customer), Some(decision)) = (measured, decision) else {
            return;
        };
        let Some(person) = self.people.person_mut(customer) else {
            return;
        };
        let grants = person.grants.iter_mut();
        for granted in grants.filter(|granted| granted.decision == decision) {
            granted.shown_at = granted.shown_at.or(Some(track.activity.at));
        }
    }

    /// `None` when somebody else changed what this was based on.
    async fn commit(self) -> Result<Option<Tally>, Refused> {
        let taken_back = self.people.taken_back();
        let at = At {
            app: self.app,
            project: self.project,
            now: self.now,
        };
        let (mut expects, mut writes) = webhooks::finished(self.people, (at, self.compiled))?;
        let (of_orders, booking, orders) = self.counting.finish()?;
        expects.extend(of_orders);
        writes.extend(orders);
        writes.extend(self.links);
        if writes.is_empty() && booking.chain.is_empty() {
            return Ok(Some(self.tally));
        }
        let command = Command {
            project: self.project,
            now: self.now,
            once: None,
            expects,
            openings: booking.openings,
            chain: booking.chain,
            writes,
        };
        match self.app.submit(command).await? {
            Outcome::Applied => {
                let at = (self.project, self.now);
                withdrawing::strip(self.app, at, &taken_back).await?;
                Ok(Some(self.tally))
            }
            Outcome::Stale { .. } => Ok(None),
            other => Err(Refused::Fault(format!(
                "events could not be kept: {other:?}"
            ))),
        }
    }
}

fn is_allowed(consent: Consent) -> bool {
    consent.allows(Purpose::PersonaliseOffers) || consent.allows(Purpose::Measure)
}

/// Whether somebody now says something else than before.
fn is_other(before: Consent, after: Consent) -> bool {
    use std::mem::discriminant;
    discriminant(&before.personalise_offers) != discriminant(&after.personalise_offers)
        || discriminant(&before.measure) != discriminant(&after.measure)
}
