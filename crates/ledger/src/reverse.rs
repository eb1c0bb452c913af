//! How is something undone? By more transfers: nothing is erased.

use crate::{Book, Kind, Minor, PendingState, Timestamp, Transfer, TransferId};

/// Which part of a whole is reversed: from what was reversed before, to what is reversed after.
///
/// The parts `0..a`, `a..b` and `b..of` move together exactly what was moved, whatever the
/// rounding, and what cannot be divided (a use) moves with the part that completes the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub from: Minor,
    pub to: Minor,
    pub of: Minor,
}

impl Part {
    pub const WHOLE: Part = Part {
        from: 0,
        to: 1,
        of: 1,
    };

    /// The share of one transfer that belongs to this part.
    fn share(&self, amount: Minor) -> Minor {
        self.up_to(self.to, amount)
            .saturating_sub(self.up_to(self.from, amount))
    }

    fn up_to(&self, point: Minor, amount: Minor) -> Minor {
        let scaled = u128::from(amount) * u128::from(point.min(self.of));
        // Rounded down, and at most the amount, so that it fits again.
        (scaled / u128::from(self.of.max(1))) as Minor
    }
}

/// The same movements the other way, last first: how a rollback is written.
///
/// Holds and voids moved nothing and have no reverse.
#[must_use]
pub fn reverse(posted: &[Transfer], chain: u64) -> Vec<Transfer> {
    reverse_part(posted, Part::WHOLE, chain)
}

/// The reverse of a part of every movement; what rounds to nothing is left out.
#[must_use]
pub fn reverse_part(posted: &[Transfer], part: Part, chain: u64) -> Vec<Transfer> {
    let moved = posted.iter().rev().filter(|transfer| transfer.has_moved());
    let shares = moved.map(|transfer| (transfer, part.share(transfer.amount)));
    shares
        .filter(|(_, amount)| *amount > 0)
        .zip(0..)
        .map(|((transfer, amount), line)| Transfer {
            id: TransferId { chain, line },
            debit: transfer.credit,
            credit: transfer.debit,
            amount,
            code: transfer.code,
            kind: Kind::Direct,
        })
        .collect()
}

/// The reverse of a part of several movements that are one amount together: the last goes back
/// first. Parts move together exactly what was moved, and each as much as its part of the sum.
#[must_use]
pub fn reverse_sum(posted: &[Transfer], part: Part, chain: u64) -> Vec<Transfer> {
    let moved = posted.iter().rev().filter(|transfer| transfer.has_moved());
    let moved: Vec<&Transfer> = moved.collect();
    let sum = moved.iter().map(|transfer| transfer.amount);
    let sum = sum.fold(0, Minor::saturating_add);
    let (from, to) = (part.up_to(part.from, sum), part.up_to(part.to, sum));
    let mut before: Minor = 0;
    let whole = moved.into_iter().filter_map(|transfer| {
        let after = before.saturating_add(transfer.amount);
        let back = to.min(after).saturating_sub(from.max(before));
        before = after;
        (back > 0).then_some(Transfer {
            amount: back,
            ..*transfer
        })
    });
    let mut back: Vec<Transfer> = whole.collect();
    back.reverse();
    reverse(&back, chain)
}

/// Voids for the holds of a book whose time has come, in the order of their ids.
#[must_use]
pub fn expire(book: &Book, now: Timestamp, chain: u64) -> Vec<Transfer> {
    let overdue = book
        .holds
        .values()
        .filter(|(hold, state)| *state == PendingState::Open && hold.is_overdue(now));
    overdue
        .zip(0..)
        .map(|((hold, _), line)| Transfer {
            id: TransferId { chain, line },
            kind: Kind::Void { pending: hold.id },
            ..*hold
        })
        .collect()
}

impl Transfer {
    /// Whether it moved its amount, once applied.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        matches!(self.kind, Kind::Direct | Kind::Post { .. })
    }

    /// Whether it is a hold whose time has come.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        matches!(self.kind, Kind::Pending { expires_at } if expires_at <= now)
    }
}
