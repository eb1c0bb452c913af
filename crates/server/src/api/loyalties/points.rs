//! Points that the shop puts on a card by hand, or takes off.

use offers::{CardMove, Happening, Lot, PointsCard, book, draw};
use store::{Command, Expect, Outcome};
use wire::voucherify::{
    BalanceView, ExpirationType, Key, MAX_POINTS, PointsBalanceView, PointsChange,
};

use super::*;
use crate::{
    api::dialect::refuse,
    configuration::Compiled,
    loyalty::{self, Note},
    vouchers::Issued,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_member_in))
        .routes(routes!(of_member))
}

/// Put points on a member's card, or take some off.
#[utoipa::path(post, path = "/v1/loyalties/{id}/members/{member}/balance",
    request_body = PointsChange, responses((status = 200, body = PointsBalanceView)))]
async fn of_member_in(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((campaign, member)): Path<(String, String)>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    changed(at, (Some(&campaign), &member), (&headers, &body)).await
}

/// Put points on a member's card, or take some off.
#[utoipa::path(post, path = "/v1/loyalties/members/{member}/balance",
    request_body = PointsChange, responses((status = 200, body = PointsBalanceView)))]
async fn of_member(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(member): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    changed(at, (None, &member), (&headers, &body)).await
}

async fn changed(
    at: At<'_>,
    (campaign, member): (Option<&str>, &str),
    (headers, body): (&HeaderMap, &Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/loyalties/members/{member}/balance");
    let once = once::Key::of(headers, at.project, (&call, body))?;
    let sent: PointsChange = parse(body)?;
    let change = Change {
        sent: &sent,
        once,
        body,
        show: |id, points, after| Answer::ok(&PointsBalanceView::new(id, points, after)),
    };
    retry(async || {
        let found = super::members::find(at, (campaign, member)).await?;
        self::change(at, found, &change).await
    })
    .await
}

/// A change of points, and how it is answered: of which card, by how many, and what all that was
/// ever put on it and what is left come to then.
pub struct Change<'a> {
    pub sent: &'a PointsChange,
    pub once: Option<once::Key>,
    pub body: &'a [u8],
    pub show: fn(String, i64, (u64, u64)) -> Result<Answer, Refused>,
}

impl<'a> Change<'a> {
    /// Answered as a change of a gift card is.
    pub fn as_gift(sent: &'a PointsChange, (once, body): (Option<once::Key>, &'a [u8])) -> Self {
        Self {
            sent,
            once,
            body,
            show: |id, points, (total, balance)| {
                let view = BalanceView::new(id, points, total, balance);
                let kind = "loyalty_card";
                Answer::ok(&BalanceView { kind, ..view })
            },
        }
    }
}

/// One attempt to change what is on a card; `None` where somebody else was faster.
///
/// # Errors
/// When there are not so many to take off.
pub async fn change(
    at: At<'_>,
    (issued, version): (Stored<Issued>, u64),
    change: &Change<'_>,
) -> Result<Option<Answer>, Refused> {
    let Some(card) = issued.thing.card() else {
        return Err(refuse(Key::InvalidVoucher, "it is not a loyalty card"));
    };
    let sent = change.sent;
    let compiled = at.app.compiled(at.project).await?;
    let today = compiled.day(at.now);
    let (lots, way) = moved(at, &compiled, (&issued, sent)).await?;
    let mut view = at.app.store().view(at.project)?;
    let before = loyalty::counts(&mut view, (at.project, card, today)).await?;
    drop(view);
    let total = match way {
        CardMove::Added => before.total.saturating_add_signed(sent.points),
        _ => before.total,
    };
    let balance = before.balance.saturating_add_signed(sent.points);
    let name = wire::ids::format(wire::ids::Tag::Voucher, card.card.0);
    let answer = (change.show)(name, sent.points, (total, balance))?;
    let chain = at.app.next_id()?;
    let happening = Happening::PointsMoved {
        card: &card,
        lots: &lots,
        way,
    };
    let booking = book(&happening, chain);
    let command = Command {
        now: at.now,
        once: change.once(at, card.card.0).map(|key| key.once(&answer)),
        expects: vec![Expect {
            kind: Kind::Voucher,
            id: card.card.0,
            version,
        }],
        openings: booking.openings,
        chain: booking.chain,
        ..crate::setup::writes(at.project, change.writes(chain, (card, &lots, way))?)
    };
    match answer.after(at.app.submit(command).await?)? {
        Ok(answer) => Ok(Some(answer)),
        // Spent in between: the next attempt finds what is left.
        Err(Outcome::Rejected { .. } | Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(Refused::Fault(format!("points did not move: {other:?}"))),
    }
}

/// Which points move, and which way.
async fn moved(
    at: At<'_>,
    compiled: &Compiled,
    (issued, sent): (&Stored<Issued>, &PointsChange),
) -> Result<(Vec<Lot>, CardMove), Refused> {
    let points = sent.points.unsigned_abs();
    if points > MAX_POINTS {
        return Err(refuse(Key::InvalidAddBalanceParams, "/points: too many"));
    }
    let voucher = &issued.thing.voucher;
    if sent.points < 0 {
        let mut view = at.app.store().view(at.project)?;
        let left = loyalty::balance_of(&mut view, (at.project, voucher.id)).await?;
        let drawn = draw(&left, points, compiled.day(at.now));
        let few = || refuse(Key::LoyaltyCardPointsExceeded, &*voucher.code);
        return Ok((drawn.ok_or_else(few)?, CardMove::Withdrawn));
    }
    let day = last_day(compiled, (issued, sent), at.now)?;
    Ok((vec![Lot { day, points }], CardMove::Added))
}

impl Change<'_> {
    /// What is told of it, and where what it added is found when it lapses.
    fn writes(
        &self,
        chain: u64,
        (card, lots, way): (PointsCard, &[Lot], CardMove),
    ) -> Result<Vec<Write>, Refused> {
        let note = Note {
            source_id: self.sent.source_id.clone(),
            reason: self.sent.reason.clone(),
            ..Note::default()
        };
        let added = lots.iter().filter(|_| way == CardMove::Added);
        let expiring = added.filter_map(|lot| loyalty::expiring(lot.day, card.card));
        Ok(std::iter::once(note.put(chain)?).chain(expiring).collect())
    }

    /// The shop's own number of the change says more than a header: it is the same on every retry.
    fn once(&self, at: At<'_>, card: u64) -> Option<once::Key> {
        let source = self.sent.source_id.as_deref();
        let source = source.filter(|source| !source.is_empty());
        let of = format!("balance {card}");
        let source =
            source.map(|source| once::Key::of_source(at.project, (&of, source), self.body));
        source.or(self.once)
    }
}

/// The last day of points that the shop puts on.
fn last_day(
    compiled: &Compiled,
    (issued, sent): (&Stored<Issued>, &PointsChange),
    now: offers::Timestamp,
) -> Result<u32, Refused> {
    match sent.expiration_type.unwrap_or(ExpirationType::ProgramRules) {
        ExpirationType::NonExpiring => Ok(offers::NEVER),
        ExpirationType::ProgramRules => {
            let programme = compiled.loyalty.programme(issued.thing.campaign);
            let lapse = programme.and_then(|programme| programme.lapse);
            Ok(lapse.map_or(offers::NEVER, |lapse| {
                lapse.last_day(now, &compiled.settings.zone)
            }))
        }
        ExpirationType::CustomDate => {
            let day = sent.day(&compiled.settings.zone);
            let day = day.filter(|day| *day >= compiled.day(now));
            let wrong = || {
                let details = "/expiration_date: is required, and not before today";
                refuse(Key::InvalidExpirationDate, details)
            };
            day.ok_or_else(wrong)
        }
    }
}
