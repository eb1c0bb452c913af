//! Which numbers stand for a value of ours in the columns of an engine?

use ledger::{Asset, Currency, Kind, Limit, PendingState, TransferId};

/// Unsigned numbers are kept as signed ones of the same bits; below 2^63 they keep their order.
pub(crate) const fn signed(number: u64) -> i64 {
    number.cast_signed()
}

pub(crate) const fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}

/// The index, beside those of [`crate::Index`], of the chains that touch a party's accounts.
pub(crate) const CHAINS_OF_PARTY: u8 = 0;

/// The key under which the chains of a party are found. Whoever keeps links under such a number in
/// the same eight bytes finds theirs on the same page.
pub(crate) const fn party_key(party: u64) -> [u8; 8] {
    party.to_be_bytes()
}

/// A number that no version of ours writes: the row is damaged.
#[derive(Debug)]
pub(crate) struct Unknown(pub(crate) i64);

pub(crate) fn asset_numbers(asset: Asset) -> (i64, i64) {
    match asset {
        Asset::Currency(Currency([a, b, c])) => (0, i64::from(u32::from_be_bytes([0, a, b, c]))),
        Asset::Points(programme) => (1, signed(programme)),
        Asset::Uses => (2, 0),
        Asset::Touches => (3, 0),
    }
}

pub(crate) fn asset((number, detail): (i64, i64)) -> Result<Asset, Unknown> {
    match number {
        0 => {
            let [.., a, b, c] = detail.to_be_bytes();
            Ok(Asset::Currency(Currency([a, b, c])))
        }
        1 => Ok(Asset::Points(unsigned(detail))),
        2 => Ok(Asset::Uses),
        3 => Ok(Asset::Touches),
        other => Err(Unknown(other)),
    }
}

pub(crate) fn limit_number(limit: Limit) -> i64 {
    match limit {
        Limit::None => 0,
        Limit::DebitsWithinCredits => 1,
        Limit::CreditsWithinDebits => 2,
    }
}

pub(crate) fn limit(number: i64) -> Result<Limit, Unknown> {
    match number {
        0 => Ok(Limit::None),
        1 => Ok(Limit::DebitsWithinCredits),
        2 => Ok(Limit::CreditsWithinDebits),
        other => Err(Unknown(other)),
    }
}

/// A kind of transfer with what belongs to it.
#[derive(Clone, Copy)]
pub(crate) struct KindNumbers {
    pub(crate) number: i64,
    /// Of a pending one.
    pub(crate) expires_at: Option<i64>,
    /// Of a post or void: what it ends.
    pub(crate) pending_chain: Option<i64>,
    pub(crate) pending_line: Option<u32>,
}

pub(crate) fn kind_numbers(kind: Kind) -> KindNumbers {
    let direct = KindNumbers {
        number: 0,
        expires_at: None,
        pending_chain: None,
        pending_line: None,
    };
    let ends = |number, pending: TransferId| KindNumbers {
        number,
        pending_chain: Some(signed(pending.chain)),
        pending_line: Some(pending.line),
        ..direct
    };
    match kind {
        Kind::Direct => direct,
        Kind::Pending { expires_at } => KindNumbers {
            number: 1,
            expires_at: Some(expires_at),
            ..direct
        },
        Kind::Post { pending } => ends(2, pending),
        Kind::Void { pending } => ends(3, pending),
    }
}

pub(crate) fn kind(numbers: KindNumbers) -> Result<Kind, Unknown> {
    let unknown = Unknown(numbers.number);
    let ends = || {
        Some(TransferId {
            chain: unsigned(numbers.pending_chain?),
            line: numbers.pending_line?,
        })
    };
    let kind = match numbers.number {
        0 => Some(Kind::Direct),
        1 => numbers
            .expires_at
            .map(|expires_at| Kind::Pending { expires_at }),
        2 => ends().map(|pending| Kind::Post { pending }),
        3 => ends().map(|pending| Kind::Void { pending }),
        _ => None,
    };
    kind.ok_or(unknown)
}

pub(crate) fn state_number(state: PendingState) -> i64 {
    match state {
        PendingState::Open => 0,
        PendingState::Posted => 1,
        PendingState::Voided => 2,
        PendingState::Expired => 3,
    }
}

pub(crate) fn state(number: i64) -> Result<PendingState, Unknown> {
    match number {
        0 => Ok(PendingState::Open),
        1 => Ok(PendingState::Posted),
        2 => Ok(PendingState::Voided),
        3 => Ok(PendingState::Expired),
        other => Err(Unknown(other)),
    }
}
