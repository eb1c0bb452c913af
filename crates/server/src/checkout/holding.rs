//! What is held, for a session or by a promise?

use ledger::{AccountId, Kind as Moves, Minor, PendingState, Timestamp, Transfer};
use offers::{
    Redeemable,
    chart::{self, Counter, Reason},
};
use store::{Index, Kind, Page, TransferFilter};

use super::{For, Reservation, Till};
use crate::{configuration::read, people::People, problem::Refused};

/// More lines than one chain ever has.
const CHAIN: Page = Page {
    after: 0,
    limit: 1_000,
    newest_first: false,
};

/// Whether it is held for what the order costs: then it is the order's, whichever of its
/// redeemables made it count.
fn is_for_order(hold: &Transfer) -> bool {
    hold.code == Reason::OrderCounted.code()
}

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

    /// What the session holds for one redeemable, and posts when it is used.
    pub fn held_for(&self, redeemable: Redeemable) -> impl Iterator<Item = Transfer> {
        let holds = self.held().filter(move |(whose, _)| *whose == redeemable);
        holds
            .map(|(_, hold)| hold)
            .filter(|hold| !is_for_order(hold))
    }

    /// What the session holds for what the order costs, and posts when any of it is used.
    pub(super) fn held_for_order(&self) -> impl Iterator<Item = Transfer> {
        self.held().map(|(_, hold)| hold).filter(is_for_order)
    }

    fn held(&self) -> impl Iterator<Item = (Redeemable, Transfer)> {
        let holds = self.session_holds.iter();
        let holds = holds.filter(|_| self.purpose == For::Using);
        holds.flat_map(|(whose, holds)| holds.iter().map(|hold| (*whose, *hold)))
    }

    /// The most an order may cost for a limit that has so much left: what the session holds is
    /// posted where it suffices, and else let go.
    pub(super) fn room_for_order(&self, counter: &Counter, left: Minor) -> Minor {
        let account = counter.account.id;
        let let_go = self
            .held_for_order()
            .filter(|hold| chart::is_same_limit(hold.debit, account))
            .fold(left, |sum, hold| sum.saturating_add(hold.amount));
        let posted = self
            .held_for_order()
            .filter(|hold| chart::stands_for(hold, account))
            .map(|hold| hold.amount)
            .max();
        posted.unwrap_or(0).max(let_go)
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
