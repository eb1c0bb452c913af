//! What is on a card, and which cards has a customer?

use ledger::{Account, Minor};
use offers::{
    Lot, PointsCard, VoucherId, VoucherKind,
    chart::{self, AccountKind},
    soonest,
};
use serde::{Deserialize, Serialize};
use store::{AccountsOf, Index, Kind, Page, ProjectId, View, Write};
use wire::voucherify::LoyaltyCardView;

use crate::{
    configuration::{Stored, write},
    people::Person,
    problem::Refused,
    vouchers::{self, Issued, key},
};

/// Days on which points of one card lapse.
const MAX_LOTS: u32 = 5_000;
/// Cards of one customer that are looked at.
const MAX_CARDS: u32 = 20;

/// What the books say of a card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardCounts {
    /// All that was ever put on it.
    pub total: u64,
    pub balance: u64,
    pub spent: u64,
    pub expired: u64,
    pub withdrawn: u64,
    /// What lapses next.
    pub next: Option<Lot>,
}

impl CardCounts {
    /// A card that was just made.
    #[must_use]
    pub fn new(points: u64) -> Self {
        Self {
            total: points,
            balance: points,
            ..Self::default()
        }
    }

    #[must_use]
    pub fn view(&self) -> LoyaltyCardView {
        LoyaltyCardView {
            points: self.total,
            balance: self.balance,
            next_expiration_date: self.next.and_then(|lot| date_of(lot.day)),
            next_expiration_points: self.next.map(|lot| lot.points),
            pending_points: 0,
            expired_points: self.expired,
            subtracted_points: self.withdrawn,
        }
    }
}

/// The last day of some points, as it is shown.
#[must_use]
pub fn date_of(day: u32) -> Option<String> {
    let instant = wire::time::format(i64::from(day).saturating_mul(86_400_000))?;
    instant.get(..10).map(str::to_owned)
}

/// What is told of a line of a card's books, beside the line itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What earned the points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<u64>,
}

impl Note {
    /// Keeps it beside the lines of a chain.
    ///
    /// # Errors
    /// Never for what is stored; a fault if it happens.
    pub fn put(&self, chain: u64) -> Result<Write, Refused> {
        Ok(Write::Put {
            kind: Kind::Note,
            id: chain,
            body: write(self)?,
        })
    }
}

/// The accounts of a card, by the day on which their points lapse.
///
/// # Errors
/// When the store cannot be read.
pub async fn lots(
    view: &mut View,
    (project, card): (ProjectId, VoucherId),
) -> Result<Vec<Account>, Refused> {
    let asked = AccountsOf {
        project,
        kind: AccountKind::CardPoints.number(),
        owner: card.0,
        after: None,
        limit: MAX_LOTS,
    };
    Ok(view.accounts_of(asked).await?)
}

/// What can be spent of an account of a card.
fn lot(account: &Account) -> Lot {
    Lot {
        day: u32::try_from(account.id.party).unwrap_or(offers::NEVER),
        points: account.available().unwrap_or(0),
    }
}

/// What is left on a card, held points not counted.
///
/// # Errors
/// When the store cannot be read.
pub async fn balance_of(view: &mut View, of: (ProjectId, VoucherId)) -> Result<Vec<Lot>, Refused> {
    Ok(lots(view, of).await?.iter().map(lot).collect())
}

/// What can be spent of a card on a day of the shop's.
///
/// # Errors
/// When the store cannot be read.
pub async fn left_on(
    view: &mut View,
    (project, card, today): (ProjectId, VoucherId, u32),
) -> Result<Minor, Refused> {
    let lots = balance_of(view, (project, card)).await?;
    let alive = lots.iter().filter(|lot| !is_over(lot, today));
    Ok(alive.map(|lot| lot.points).sum())
}

/// What stands on a card today, held points too: what is held was not spent.
///
/// # Errors
/// When the store cannot be read.
pub async fn standing_on(
    view: &mut View,
    (project, card, today): (ProjectId, VoucherId, u32),
) -> Result<Minor, Refused> {
    let lots = lots(view, (project, card)).await?;
    let alive = lots.iter().filter(|account| !is_over(&lot(account), today));
    Ok(alive.map(came_in).fold(0, Minor::saturating_add))
}

/// What can be spent of a card now and lapses some day, what lapses first first.
///
/// # Errors
/// When the store cannot be read.
pub async fn lapsing_of(
    view: &mut View,
    (project, card, today): (ProjectId, VoucherId, u32),
) -> Result<Vec<Lot>, Refused> {
    let mut lots = balance_of(view, (project, card)).await?;
    lots.retain(|lot| lot.day != offers::NEVER && lot.points > 0 && !is_over(lot, today));
    lots.sort_unstable_by_key(|lot| lot.day);
    Ok(lots)
}

/// Whether its day has passed.
fn is_over(lot: &Lot, today: u32) -> bool {
    lot.day != offers::NEVER && lot.day < today
}

/// What the books say of a card now.
///
/// # Errors
/// When the store cannot be read.
pub async fn counts(
    view: &mut View,
    (project, card, today): (ProjectId, PointsCard, u32),
) -> Result<CardCounts, Refused> {
    let lots = balance_of(view, (project, card.card)).await?;
    let is_over = |lot: &&Lot| is_over(lot, today);
    let sum = |lots: &mut dyn Iterator<Item = &Lot>| lots.map(|lot| lot.points).sum::<u64>();
    let others = [
        AccountKind::PointsGiven,
        AccountKind::PointsSpent,
        AccountKind::PointsWithdrawn,
        AccountKind::CardBreakage,
    ];
    let others = others.map(|kind| chart::of_card(kind, card.programme, card.card));
    let found = view.accounts(&others).await?;
    let came = |at: usize| found.get(at).and_then(Option::as_ref).map_or(0, came_in);
    let given = found.first().and_then(Option::as_ref);
    let given = given.map_or(0, |one| {
        one.debits.posted.saturating_sub(one.credits.posted)
    });
    Ok(CardCounts {
        total: given,
        balance: sum(&mut lots.iter().filter(|lot| !is_over(lot))),
        spent: came(1),
        expired: came(3).saturating_add(sum(&mut lots.iter().filter(is_over))),
        withdrawn: came(2),
        next: soonest(&lots, today),
    })
}

fn came_in(account: &Account) -> u64 {
    let Account {
        credits, debits, ..
    } = account;
    credits.posted.saturating_sub(debits.posted)
}

/// The cards of a customer, under every number they had; oldest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn cards_of(
    view: &mut View,
    person: &Person,
) -> Result<Vec<(Stored<Issued>, u64)>, Refused> {
    let page = Page {
        after: 0,
        limit: MAX_CARDS,
        newest_first: false,
    };
    let numbers = person.former.iter().copied().chain([person.id]);
    let mut found = Vec::new();
    for number in numbers {
        found.extend(
            view.find(Index::CardsOfCustomer, &key(number.0), page)
                .await?,
        );
    }
    let records = view.get_many(Kind::Voucher, &found).await?;
    let cards = records.iter().flatten();
    let cards = cards.map(|record| Ok((vouchers::read(&record.body)?, record.version)));
    cards.collect()
}

impl Issued {
    /// The card that it is, where it is one.
    #[must_use]
    pub fn card(&self) -> Option<PointsCard> {
        let Self {
            voucher, campaign, ..
        } = self;
        matches!(voucher.kind, VoucherKind::LoyaltyCard { .. }).then_some(PointsCard {
            programme: *campaign,
            card: voucher.id,
        })
    }
}
