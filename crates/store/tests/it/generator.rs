//! What could anyone ask of a store? Random commands over few names, so that they collide.

use ledger::{
    AccountId, Asset, Code, Kind as TransferKind, Limit, Opening, Timestamp, Transfer, TransferId,
};
use store::{Command, Expect, Index, Kind, ProjectId, Write};

use crate::support::{EUR, once};

pub const PROJECTS: [ProjectId; 2] = [ProjectId(1), ProjectId(2)];
pub const KINDS: [Kind; 2] = [Kind::Voucher, Kind::Order];
pub const INDEXES: [Index; 2] = [Index::VoucherCode, Index::VouchersOfCampaign];
pub const KEYS: [&str; 6] = ["", "a", "b", "c", "ab", "b\0"];
/// Lines of the chart; a hundred apart, two are kept side by side.
pub const LINES: [u16; 3] = [1, 2, 101];
/// Where openings are funded from.
pub const SOURCE: u16 = 9;
pub const MOST_CHAINS: u64 = 600;

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Generator {
    state: u64,
    now: Timestamp,
    /// Holds asked for lately, whether granted or not.
    holds: Vec<Transfer>,
}

impl Generator {
    pub fn new(seed: u64) -> Generator {
        Generator {
            state: seed.wrapping_mul(0x2545_f491_4f6c_dd1d),
            now: 1_000,
            holds: Vec::new(),
        }
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn one_in(&mut self, end: u64) -> bool {
        self.below(end) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    pub fn batch(&mut self) -> Vec<Command> {
        let size = 1 + self.below(12);
        (0..size).map(|_| self.command()).collect()
    }

    fn command(&mut self) -> Command {
        // Clocks of several callers do not quite agree.
        self.now += self.below(8) as i64;
        let key = self.below(25) as u8;
        let fingerprint = u8::from(self.one_in(6));
        Command {
            project: self.pick(&PROJECTS),
            now: self.now - self.below(4) as i64 * self.below(12) as i64,
            once: if self.one_in(3) {
                once(key, fingerprint, &self.now.to_string())
            } else {
                None
            },
            expects: if self.one_in(6) {
                vec![self.expect()]
            } else {
                Vec::new()
            },
            openings: (0..self.below(4)).map(|_| self.opening()).collect(),
            chain: self.chain(),
            writes: (0..self.below(4)).map(|_| self.write()).collect(),
        }
    }

    fn expect(&mut self) -> Expect {
        Expect {
            kind: self.pick(&KINDS),
            id: 1 + self.below(4),
            version: self.below(4),
        }
    }

    fn write(&mut self) -> Write {
        let (kind, index) = (self.pick(&KINDS), self.pick(&INDEXES));
        let (key, id) = (self.pick(&KEYS).into(), 1 + self.below(4));
        match self.below(8) {
            0..4 => Write::Put {
                kind,
                id,
                body: self.now.to_be_bytes().to_vec(),
            },
            4 => Write::Delete { kind, id },
            5 | 6 => Write::Link { index, key, id },
            _ => Write::Unlink { index, key, id },
        }
    }

    fn account(&mut self) -> AccountId {
        AccountId {
            kind: self.pick(&LINES),
            owner: self.below(2),
            party: self.below(3),
            window: 0,
        }
    }

    fn opening(&mut self) -> Opening {
        let id = self.account();
        let counterpart = AccountId { kind: SOURCE, ..id };
        let amount = self.below(40);
        Opening {
            id,
            asset: asset(id),
            limit: limit(id),
            funding: if self.one_in(4) {
                None
            } else {
                Some((amount, counterpart, Code(1)))
            },
        }
    }

    fn chain(&mut self) -> Vec<Transfer> {
        let chain = 1 + self.below(MOST_CHAINS);
        let lines = self.below(4) as u32;
        (0..lines)
            .map(|line| self.line(TransferId { chain, line }))
            .collect()
    }

    fn line(&mut self, id: TransferId) -> Transfer {
        let debit = self.account();
        // Mostly the same asset on both sides.
        let other = self.account();
        let credit = if self.one_in(20) {
            other
        } else {
            AccountId {
                owner: debit.owner,
                ..other
            }
        };
        let transfer = Transfer {
            id,
            debit,
            credit,
            amount: self.below(12),
            code: Code(self.below(5) as u16),
            kind: TransferKind::Direct,
        };
        match self.below(7) {
            0 | 1 => transfer,
            2 | 3 => {
                let expires_at = self.now + self.below(60) as i64;
                let hold = Transfer {
                    kind: TransferKind::Pending { expires_at },
                    ..transfer
                };
                self.holds.push(hold);
                hold
            }
            4 | 5 => self
                .end(id, |pending| TransferKind::Post { pending })
                .unwrap_or(transfer),
            _ => self
                .end(id, |pending| TransferKind::Void { pending })
                .unwrap_or(transfer),
        }
    }

    fn end(
        &mut self,
        id: TransferId,
        kind: impl FnOnce(TransferId) -> TransferKind,
    ) -> Option<Transfer> {
        let lately = self.holds.len().min(8);
        if lately == 0 {
            return None;
        }
        let back = 1 + self.below(lately as u64) as usize;
        let hold = self.holds[self.holds.len() - back];
        let amount = self.below(hold.amount + 2);
        Some(Transfer {
            id,
            amount,
            kind: kind(hold.id),
            ..hold
        })
    }
}

fn asset(id: AccountId) -> Asset {
    if id.owner == 0 { EUR } else { Asset::Points(3) }
}

fn limit(id: AccountId) -> Limit {
    match id.kind {
        1 => Limit::DebitsWithinCredits,
        2 => Limit::CreditsWithinDebits,
        _ => Limit::None,
    }
}
