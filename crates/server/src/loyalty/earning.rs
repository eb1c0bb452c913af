//! Something happened that may earn points: which transfers and records is that, and how is it
//! undone?
//!
//! Whoever makes an order paid adds what [`earn`] gives to the command that does so; an order
//! earns once, whoever asks.

use ledger::{Minor, Timestamp};
use offers::{
    Booking, CardMove, Happening, Lot, Occurrence, PointsCard, Priced, TierMove, Trigger,
    VoucherId, book, draw,
};
use profiles::CustomerId;
use rules::{Facts, Path, Reads};
use serde::{Deserialize, Serialize};
use store::{Expect, Kind, ProjectId, View, Write};
use wire::voucherify::trigger_name;

use super::{
    cards::{Note, balance_of, cards_of},
    lapsing::expiring,
};
use crate::{
    app::App,
    configuration::{Compiled, read, write},
    moment,
    people::People,
    problem::Refused,
    segments::{self, FACT},
    vouchers::Issued,
};

/// What a paid order came to, as rules read it.
const TOTAL: &str = "order.total_amount";

/// Something that may earn points for a customer.
pub struct Happened<'a> {
    pub project: ProjectId,
    pub now: Timestamp,
    pub customer: CustomerId,
    /// The code of the one card that earns, where it is not all of them.
    pub card: Option<&'a str>,
    pub what: Paid<'a>,
    /// All that may be read of customer, order with its lines, and event.
    pub facts: &'a Facts,
}

/// What happened.
#[derive(Clone, Copy)]
pub enum Paid<'a> {
    /// An order was paid: its number, and what it came to.
    Order(u64, &'a Priced),
    /// The shop tells of something by its name.
    Event(&'a str),
    /// The customer entered a segment.
    Entered(u64),
    /// A card moved to a tier, or from it to none.
    Moved(TierMove, u64),
}

/// What is to be done for it, in the command that tells of it.
#[derive(Default)]
pub struct Changes {
    /// How many points are given.
    pub points: Minor,
    pub expects: Vec<Expect>,
    pub writes: Vec<Write>,
    pub booking: Booking,
}

/// The points that an order earned.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Earned {
    lots: Vec<OnCard>,
    is_undone: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct OnCard {
    programme: u64,
    card: u64,
    lot: Lot,
}

/// What a happening earns on all cards of the customer.
///
/// # Errors
/// When the store cannot be read.
pub async fn earn(
    app: &App,
    (people, compiled): (&mut People<'_>, &Compiled),
    happened: &Happened<'_>,
) -> Result<Changes, Refused> {
    let trigger = happened.what.trigger();
    let Some(person) = people.person(happened.customer).cloned() else {
        return Ok(Changes::default());
    };
    if !compiled.loyalty.is_earned_by(&trigger) {
        return Ok(Changes::default());
    }
    let version = match happened.what.order() {
        Some(order) => match unpaid(people.view(), order).await? {
            Some(version) => version,
            None => return Ok(Changes::default()),
        },
        None => 0,
    };
    let cards = cards_of(people.view(), &person).await?;
    if cards.is_empty() {
        return Ok(Changes::default());
    }
    let facts = facts(people, compiled, happened).await?;
    let mut earning = Earning {
        app,
        happened,
        changes: Changes::default(),
        earned: Earned::default(),
    };
    let only = happened.card.map(offers::codes::normalise);
    let is_meant = |card: &Issued| {
        only.as_deref()
            .is_none_or(|code| *code == *card.voucher.code)
    };
    for (issued, _) in cards.iter().filter(|(card, _)| is_meant(&card.thing)) {
        let lots = balance_of(people.view(), (happened.project, issued.thing.voucher.id)).await?;
        earning.on(compiled, (&issued.thing, &lots), (&trigger, &facts))?;
    }
    earning.finish(version)
}

/// What rules may read, the moment among it, and the customer's segments where they do.
async fn facts(
    people: &mut People<'_>,
    compiled: &Compiled,
    happened: &Happened<'_>,
) -> Result<Facts, Refused> {
    let mut facts = happened.facts.clone();
    let moment = (happened.now, &compiled.settings.zone);
    facts.extend(moment::facts(moment, &Reads::everything()));
    if let Some(priced) = happened.what.priced() {
        facts.set(TOTAL, i64::try_from(priced.total).unwrap_or(i64::MAX));
    }
    let mut rules = compiled.loyalty.rules();
    let is_segment = |path: Path| path.as_str() == FACT;
    let reads = rules.any(|rule| rule.condition.reads().into_iter().any(is_segment));
    if reads && facts.get(FACT).is_none() {
        let whose = (people, happened.customer, happened.now);
        let reads = Reads::everything();
        facts.extend(segments::told(whose, (&compiled.segments, &reads)).await?);
    }
    Ok(facts)
}

/// The version of an order's record of earnings, where it may earn; `None` where it did.
async fn unpaid(view: &mut View, order: u64) -> Result<Option<u64>, Refused> {
    match view.get(Kind::Earned, order).await? {
        None => Ok(Some(0)),
        Some(record) => {
            let earned: Earned = read(&record.body)?;
            Ok(earned.is_undone.then_some(record.version))
        }
    }
}

/// Points on their way to the cards of a customer.
struct Earning<'a> {
    app: &'a App,
    happened: &'a Happened<'a>,
    changes: Changes,
    earned: Earned,
}

impl Earning<'_> {
    fn on(
        &mut self,
        compiled: &Compiled,
        (issued, lots): (&Issued, &[Lot]),
        (trigger, facts): (&Trigger, &Facts),
    ) -> Result<(), Refused> {
        let now = self.happened.now;
        let campaign = compiled.campaigns.get(&issued.campaign);
        let programme = compiled.loyalty.programme(issued.campaign);
        let (Some(campaign), Some(programme), Some(card)) = (campaign, programme, issued.card())
        else {
            return Ok(());
        };
        let zone = &campaign.thing.zone;
        let voucher = &issued.voucher;
        let is_active = campaign.thing.active && voucher.active;
        let mut validities = [&campaign.thing.validity, &voucher.validity].into_iter();
        if !is_active || !validities.all(|validity| validity.is_open(now, zone)) {
            return Ok(());
        }
        let today = compiled.day(now);
        let alive = lots
            .iter()
            .filter(|lot| lot.day == offers::NEVER || lot.day >= today);
        let occurrence = Occurrence {
            trigger,
            at: now,
            facts,
            priced: self.happened.what.priced(),
            places: compiled.settings.places,
            zone,
            balance: alive.map(|lot| lot.points).sum(),
        };
        for earned in offers::earned(programme, &occurrence) {
            let lot = Lot {
                day: earned.day,
                points: earned.points,
            };
            self.put(card, lot, earned.rule)?;
        }
        Ok(())
    }

    fn put(&mut self, card: PointsCard, lot: Lot, rule: u64) -> Result<(), Refused> {
        let chain = self.app.next_id()?;
        self.changes.book((card, &[lot], CardMove::Earned), chain);
        self.changes.points = self.changes.points.saturating_add(lot.points);
        let note = Note {
            order: self.happened.what.order(),
            event: self.happened.what.event(),
            segment: self.happened.what.segment(),
            tier: self.happened.what.tier(),
            rule: Some(rule),
            ..Note::default()
        };
        self.changes.writes.push(note.put(chain)?);
        self.changes.writes.extend(expiring(lot.day, card.card));
        self.earned.lots.push(OnCard {
            programme: card.programme.0,
            card: card.card.0,
            lot,
        });
        Ok(())
    }

    fn finish(mut self, version: u64) -> Result<Changes, Refused> {
        if let (Some(order), false) = (self.happened.what.order(), self.earned.lots.is_empty()) {
            self.changes.keep((order, version), &self.earned)?;
        }
        Ok(self.changes)
    }
}

impl Changes {
    fn book(&mut self, (card, lots, way): (PointsCard, &[Lot], CardMove), chain: u64) {
        let happening = Happening::PointsMoved {
            card: &card,
            lots,
            way,
        };
        let before = std::mem::take(&mut self.booking);
        self.booking = before.then(book(&happening, chain));
    }

    fn keep(&mut self, (order, version): (u64, u64), earned: &Earned) -> Result<(), Refused> {
        self.expects.push(Expect {
            kind: Kind::Earned,
            id: order,
            version,
        });
        self.writes.push(Write::Put {
            kind: Kind::Earned,
            id: order,
            body: write(earned)?,
        });
        Ok(())
    }
}

/// How many points an order earned that stand.
///
/// # Errors
/// When the store cannot be read.
pub async fn earned_by(view: &mut View, order: u64) -> Result<Minor, Refused> {
    let Some(record) = view.get(Kind::Earned, order).await? else {
        return Ok(0);
    };
    let earned: Earned = read(&record.body)?;
    let standing = earned.lots.iter().filter(|_| !earned.is_undone);
    Ok(standing.map(|one| one.lot.points).sum())
}

/// Takes back what an order earned, as far as it is still on the card: what was spent since is the
/// shop's loss, and no reason not to take the goods back.
///
/// # Errors
/// When the store cannot be read.
pub async fn unearn(
    app: &App,
    view: &mut View,
    (project, order, today): (ProjectId, u64, u32),
) -> Result<Changes, Refused> {
    let mut changes = Changes::default();
    let Some(record) = view.get(Kind::Earned, order).await? else {
        return Ok(changes);
    };
    let mut earned: Earned = read(&record.body)?;
    if earned.is_undone {
        return Ok(changes);
    }
    let mut cards: Vec<(u64, u64, Vec<Lot>)> = Vec::new();
    for one in &earned.lots {
        match cards.iter_mut().find(|(_, card, _)| *card == one.card) {
            Some((.., lots)) => lots.push(one.lot),
            None => cards.push((one.programme, one.card, vec![one.lot])),
        }
    }
    for (programme, card, given) in cards {
        let left = balance_of(view, (project, VoucherId(card))).await?;
        let lots = back(&given, left, today);
        let card = PointsCard {
            programme: offers::CampaignId(programme),
            card: VoucherId(card),
        };
        let chain = app.next_id()?;
        changes.book((card, &lots, CardMove::Unearned), chain);
        let note = Note {
            order: Some(order),
            ..Note::default()
        };
        changes.writes.push(note.put(chain)?);
    }
    earned.is_undone = true;
    changes.keep((order, record.version), &earned)?;
    Ok(changes)
}

/// Which points go back: of the days they were given for first, then what lapses first.
fn back(given: &[Lot], mut left: Vec<Lot>, today: u32) -> Vec<Lot> {
    let mut lots: Vec<Lot> = Vec::new();
    let mut missing: Minor = 0;
    for one in given {
        let on_day = left.iter_mut().find(|lot| lot.day == one.day);
        let taken = on_day.map_or(0, |lot| {
            let taken = lot.points.min(one.points);
            lot.points -= taken;
            taken
        });
        missing += one.points - taken;
        lots.push(Lot {
            day: one.day,
            points: taken,
        });
    }
    let all: Minor = left.iter().map(|lot| lot.points).sum();
    lots.extend(draw(&left, missing.min(all), today).unwrap_or_default());
    lots.retain(|lot| lot.points > 0);
    lots
}

impl<'a> Paid<'a> {
    fn trigger(self) -> Trigger {
        match self {
            Self::Order(..) => Trigger::OrderPaid,
            Self::Event(name) => Trigger::Event(name.into()),
            Self::Entered(segment) => Trigger::SegmentEntered(segment),
            Self::Moved(moved, tier) => Trigger::TierMoved(moved, tier),
        }
    }

    fn order(self) -> Option<u64> {
        match self {
            Self::Order(order, _) => Some(order),
            Self::Event(_) | Self::Entered(_) | Self::Moved(..) => None,
        }
    }

    fn event(self) -> Option<String> {
        match self {
            Self::Order(..) => None,
            other => Some(trigger_name(&other.trigger()).to_owned()),
        }
    }

    fn segment(self) -> Option<u64> {
        match self {
            Self::Entered(segment) => Some(segment),
            Self::Order(..) | Self::Event(_) | Self::Moved(..) => None,
        }
    }

    fn tier(self) -> Option<u64> {
        match self {
            Self::Moved(_, tier) => Some(tier),
            Self::Order(..) | Self::Event(_) | Self::Entered(_) => None,
        }
    }

    fn priced(self) -> Option<&'a Priced> {
        match self {
            Self::Order(_, priced) => Some(priced),
            Self::Event(_) | Self::Entered(_) | Self::Moved(..) => None,
        }
    }
}
