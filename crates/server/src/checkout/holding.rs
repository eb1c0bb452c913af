//! What is held, for a session or by a promise?

use ledger::{AccountId, Kind as Moves, Minor, PendingState, Timestamp, Transfer};
use offers::chart;
use store::{Index, Kind, Page, TransferFilter};

use super::{For, Reservation, Till};
use crate::{configuration::read, people::People, problem::Refused};

/// More lines than one chain ever has.
const CHAIN: Page = Page {
    after: 0,
    limit: 1_000,
    newest_first: false,
};

impl Till<'_> {
    pub(super) async fn load_reservation(&mut self, key: &str) -> Result<(), Refused> {
        let view = self.people.view();
        let Some(id) = view.find_one(Index::ReservationKey, key.as_bytes()).await? else {
            return Ok(());
        };
        let Some(record) = view.get(Kind::Reservation, id).await? else {
            return Ok(());
        };
        let reservation: Reservation = read(&record.body)?;
        for (redeemable, chain) in &reservation.chains {
            let holds = open_holds(&mut self.people, (*chain, self.now)).await?;
            self.session_holds.push((*redeemable, holds));
        }
        self.reservation = Some((id, reservation, record.version));
        Ok(())
    }

    /// What the session's own holds give back to an account when they are let go.
    pub(super) fn let_go(&self, account: AccountId) -> Minor {
        if self.purpose != For::Holding {
            return 0;
        }
        let all = self.session_holds.iter().flat_map(|(_, holds)| holds);
        all.filter(|hold| chart::is_same_limit(hold.debit, account))
            .map(|hold| hold.amount)
            .sum()
    }
}

/// The holds of a chain that are open and whose time has not come.
///
/// # Errors
/// When the store cannot be read.
pub async fn open_holds(
    people: &mut People<'_>,
    (chain, now): (u64, Timestamp),
) -> Result<Vec<Transfer>, Refused> {
    let filter = TransferFilter::Chain(chain);
    let saved = people.view().transfers(filter, CHAIN).await?;
    let open = saved.into_iter().filter(|saved| {
        saved.state == Some(PendingState::Open)
            && matches!(saved.transfer.kind, Moves::Pending { .. })
            && !saved.transfer.is_overdue(now)
    });
    Ok(open.map(|saved| saved.transfer).collect())
}
