//! How is a limit dealt out to the processes that spend of it? In stretches that get smaller with
//! what is left, and from one to the other where the account that lends has nothing left.

use ledger::{AccountId, Kind, Transfer};

use crate::chart::{self, Counter};
use crate::{Booking, Happening, Minor, book};

/// How many stretches each process would get of what is left, were all as large as the next. More
/// would have processes meet more often in the account that lends, fewer would leave more of the
/// limit with processes that do not need it.
const STRETCHES: u64 = 4;

/// What may be taken of one part of a limit; process 0 is the account that lends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    pub process: u64,
    pub available: Minor,
}

/// An amount that goes from one part of a limit to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub from: u64,
    pub to: u64,
    pub amount: Minor,
}

/// What moves between the parts of one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loan {
    pub counter: Counter,
    pub moves: Vec<Move>,
}

/// A booking that spends from slices, with what they lack moved into them right before, under a
/// chain number of its own; given every part of every limit that is lent. `None` where all parts of
/// one have less than is to be spent.
#[must_use]
pub fn top_up(booking: &Booking, lent: &[(Counter, Vec<Holding>)], chain: u64) -> Option<Booking> {
    let spends = |line: &Transfer| lent.iter().any(|(one, _)| takes(line, one.account.id));
    let first = booking.chain.iter().position(spends);
    let (before, after) = booking.chain.split_at(first.unwrap_or(0));
    let mut loans = Vec::new();
    for (counter, parts) in lent {
        let account = counter.account.id;
        let mut parts = parts.clone();
        let_go(&mut parts, (before, account));
        let own = parts.iter().find(|part| part.process == account.party);
        let own = own.map_or(0, |part| part.available);
        let spent = booking.chain.iter().filter(|line| takes(line, account));
        let spent = sum(spent.map(|line| line.amount));
        if spent > own {
            let moves = refill(&parts, account.party, spent - own)?;
            let counter = *counter;
            loans.push(Loan { counter, moves });
        }
    }
    let moved = book(&Happening::Lent { loans: &loans }, chain);
    Some(Booking {
        openings: [moved.openings.as_slice(), &booking.openings].concat(),
        chain: [before, &moved.chain, after].concat(),
    })
}

fn takes(line: &Transfer, account: AccountId) -> bool {
    let is_new = matches!(line.kind, Kind::Direct | Kind::Pending { .. });
    is_new && line.debit == account
}

/// What the booking itself gives back before it takes: what its session held on any part.
fn let_go(parts: &mut [Holding], (lines, account): (&[Transfer], AccountId)) {
    let voids = lines
        .iter()
        .filter(|line| matches!(line.kind, Kind::Void { .. }))
        .filter(|line| chart::is_same_limit(line.debit, account));
    for line in voids {
        let mut of = parts.iter_mut();
        if let Some(part) = of.find(|part| part.process == line.debit.party) {
            part.available = part.available.saturating_add(line.amount);
        }
    }
}

fn sum(amounts: impl Iterator<Item = Minor>) -> Minor {
    amounts.fold(0, Minor::saturating_add)
}

/// What brings a process so much as it lacks: a stretch of what is left, from the account that
/// lends as far as it goes, then from the other slices, the biggest first. `None` where all parts
/// together have less than it lacks: then the limit is reached.
///
/// A stretch is what is left anywhere, over four times the processes; at least what is lacking.
/// Rounded down.
#[must_use]
pub fn refill(parts: &[Holding], to: u64, lacking: Minor) -> Option<Vec<Move>> {
    let own = parts.iter().filter(|part| part.process == to);
    let own = sum(own.map(|part| part.available));
    let mut others: Vec<Holding> = parts.to_vec();
    others.retain(|part| part.process != to && part.available > 0);
    let elsewhere = sum(others.iter().map(|part| part.available));
    if elsewhere < lacking {
        return None;
    }
    let processes = parts.iter().filter(|part| part.process != 0).count();
    let stretches = u64::try_from(processes).unwrap_or(u64::MAX).max(1) * STRETCHES;
    let stretch = (elsewhere.saturating_add(own) / stretches).max(lacking);
    others.sort_by_key(|part| (part.process != 0, u64::MAX - part.available, part.process));
    Some(taken(&others, to, (lacking, stretch)))
}

/// Takes from one after the other: as much as a stretch from each, until there is enough.
fn taken(parts: &[Holding], to: u64, (lacking, stretch): (Minor, Minor)) -> Vec<Move> {
    let mut moves = Vec::new();
    let mut sum: Minor = 0;
    for part in parts {
        if sum >= lacking {
            break;
        }
        let amount = part.available.min(stretch.saturating_sub(sum));
        sum = sum.saturating_add(amount);
        moves.push(Move {
            from: part.process,
            to,
            amount,
        });
    }
    moves
}

/// What brings the account that lends so much as it lacks, from the slices, the biggest first.
/// `None` where they do not have it.
#[must_use]
pub fn call_in(parts: &[Holding], lacking: Minor) -> Option<Vec<Move>> {
    let mut slices: Vec<Holding> = parts.to_vec();
    slices.retain(|part| part.process != 0 && part.available > 0);
    let all = sum(slices.iter().map(|part| part.available));
    slices.sort_by_key(|part| (u64::MAX - part.available, part.process));
    (all >= lacking).then(|| taken(&slices, 0, (lacking, lacking)))
}

#[cfg(test)]
mod tests;
