//! A day passed: which points lapse?

use ledger::{Minor, Timestamp};
use offers::{CardMove, Happening, Lot, VoucherId};
use store::{Command, Expect, Index, Kind, Outcome, ProjectId, Write};

use super::cards::lots;
use crate::{app::App, problem::Refused, setup::writes, vouchers};

/// Where a card is found when the day has passed on which points of it lapse.
pub fn expiring(day: u32, card: VoucherId) -> Option<Write> {
    (day != offers::NEVER).then(|| Write::Link {
        index: Index::ExpiringOn,
        key: day.to_be_bytes().to_vec(),
        id: card.0,
    })
}

/// Lapses what is left of a card's points of days that have passed today, where it was found under
/// one of them; how much. `None` where
/// somebody was faster.
///
/// # Errors
/// When the store fails.
pub async fn lapse(
    app: &App,
    (project, now, [day, today]): (ProjectId, Timestamp, [u32; 2]),
    card: u64,
) -> Result<Option<Minor>, Refused> {
    let unlink = Write::Unlink {
        index: Index::ExpiringOn,
        key: day.to_be_bytes().to_vec(),
        id: card,
    };
    let mut command = Command {
        now,
        ..writes(project, vec![unlink])
    };
    let mut view = app.store().view(project)?;
    let mut lapsed = 0;
    if let Some(record) = view.get(Kind::Voucher, card).await? {
        let issued = vouchers::read(&record.body)?;
        command.expects.push(Expect {
            kind: Kind::Voucher,
            id: card,
            version: record.version,
        });
        let accounts = lots(&mut view, (project, VoucherId(card))).await?;
        let is_over = |day: u64| day != u64::from(offers::NEVER) && day < today.into();
        let over = accounts.iter().filter(|one| is_over(one.id.party));
        let over: Vec<_> = over.collect();
        let is_held = over.iter().any(|account| account.debits.pending > 0);
        // What a checkout holds is looked at again tomorrow.
        let again = expiring(today, VoucherId(card)).filter(|_| is_held);
        command.writes.extend(again);
        let left = over.iter().map(|account| Lot {
            day: u32::try_from(account.id.party).unwrap_or(offers::NEVER),
            points: account.available().unwrap_or(0),
        });
        let left: Vec<Lot> = left.filter(|lot| lot.points > 0).collect();
        lapsed = left.iter().map(|lot| lot.points).sum();
        if let Some(card) = issued.thing.card() {
            let happening = Happening::PointsMoved {
                card: &card,
                lots: &left,
                way: CardMove::Lapsed,
            };
            let booking = offers::book(&happening, app.next_id()?);
            command.openings = booking.openings;
            command.chain = booking.chain;
        }
    }
    drop(view);
    match app.submit(command).await? {
        Outcome::Applied => Ok(Some(lapsed)),
        _ => Ok(None),
    }
}
