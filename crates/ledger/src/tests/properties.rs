//! What holds for every run of chains, whatever is in them and however the clock jumps.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::{account, five_accounts, spec};
use crate::{
    Book, Code, Kind, Limit, Part, Timestamp, Transfer, TransferId, allocate, apply, expire,
    reverse, reverse_part, reverse_sum,
};

/// Raw numbers that become a transfer once it is known which holds there are.
#[derive(Clone, Debug)]
struct Draw {
    sides: &'static str,
    amount: u64,
    kind: u8,
    delay: i64,
    which: usize,
}

/// Whom a drawn transfer runs between: mostly what can be, and some of all that cannot.
const SIDES: &str = "FS FS FT FR RF RF SF SF TF SR ST TS FF SP XF";

#[derive(Clone, Debug)]
struct Step {
    elapsed: i64,
    number: u64,
    /// Repeats an earlier chain, or writes down what expired, instead of drawing a new one.
    habit: u8,
    draws: Vec<Draw>,
}

fn draw() -> impl Strategy<Value = Draw> {
    let amount = prop_oneof![
        30 => 0..60u64,
        1 => Just(i64::MAX as u64),
        1 => Just(i64::MAX as u64 + 1),
    ];
    let sides = prop::sample::select(SIDES.split(' ').collect::<Vec<_>>());
    (sides, amount, 0..80u8, -10..200i64, any::<usize>()).prop_map(
        |(sides, amount, kind, delay, which)| Draw {
            sides,
            amount,
            kind,
            delay,
            which,
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let draws = prop::collection::vec(draw(), 1..4);
    let step =
        (-60..120i64, 0..60u64, 0..12u8, draws).prop_map(|(elapsed, number, habit, draws)| Step {
            elapsed,
            number,
            habit,
            draws,
        });
    prop::collection::vec(step, 1..40)
}

impl Draw {
    fn transfer(&self, id: TransferId, holds: &[Transfer]) -> Transfer {
        let letter = |index| account(self.sides.chars().nth(index).unwrap_or_default());
        let free = Transfer {
            id,
            debit: letter(0),
            credit: letter(1),
            amount: self.amount,
            code: Code(1),
            kind: Kind::Direct,
        };
        let expires_at = self.delay;
        let Some(hold) = holds.get(self.which % holds.len().max(1)) else {
            return Transfer {
                kind: Kind::Pending { expires_at },
                ..free
            };
        };
        let of_hold = Transfer {
            debit: hold.debit,
            credit: hold.credit,
            ..free
        };
        match self.kind {
            0 => Transfer {
                kind: Kind::Post { pending: id },
                ..free
            },
            1..20 => free,
            20..40 => Transfer {
                kind: Kind::Pending { expires_at },
                ..free
            },
            40..60 => Transfer {
                kind: Kind::Post { pending: hold.id },
                ..of_hold
            },
            60..78 => Transfer {
                kind: Kind::Void { pending: hold.id },
                amount: 0,
                ..of_hold
            },
            _ => Transfer {
                kind: Kind::Void { pending: hold.id },
                ..free
            },
        }
    }
}

/// A run of the ledger beside the plain recomputation of it.
struct Run {
    book: Book,
    log: spec::Log,
    now: Timestamp,
}

impl Run {
    /// Every limited account starts with something to spend.
    fn new() -> Run {
        let mut run = Run {
            book: five_accounts(),
            log: Vec::new(),
            now: 0,
        };
        run.both(&super::chain(1000, "F>S 100; F>T 40; R>F 50"));
        run
    }

    fn chain(&self, step: &Step) -> Vec<Transfer> {
        if step.habit == 0 {
            return expire(&self.book, self.now, 2000 + step.number);
        }
        if step.habit == 1 {
            return self.log[step.number as usize % self.log.len()].1.clone();
        }
        let mut holds: Vec<Transfer> = self.book.holds.values().map(|(hold, _)| *hold).collect();
        let mut chain = Vec::new();
        for (draw, line) in step.draws.iter().zip(0..) {
            let mut transfer = draw.transfer(
                TransferId {
                    chain: step.number,
                    line,
                },
                &holds,
            );
            if let Kind::Pending { expires_at } = &mut transfer.kind {
                *expires_at += self.now;
                holds.push(transfer);
            }
            chain.push(transfer);
        }
        chain
    }

    /// Applies a chain here and there, and compares answers and every balance.
    fn both(&mut self, chain: &[Transfer]) -> bool {
        let kept = |one: &crate::Account| (one.id, (one.asset, one.limit));
        let accounts: spec::Accounts = self.book.accounts.values().map(kept).collect();
        let before = self.book.clone();
        let length = self.log.len();
        let expected = spec::apply(&mut self.log, &accounts, (self.now, chain));
        assert_eq!(
            apply(&mut self.book, chain, self.now),
            expected,
            "{chain:?}"
        );
        let is_new = self.log.len() > length;
        assert!(
            is_new || self.book == before,
            "nothing new, and yet a change"
        );
        for one in self.book.accounts.values() {
            assert_eq!((one.debits, one.credits), spec::balances(&self.log, one.id));
        }
        is_new
    }

    fn play(steps: &[Step], mut after_each: impl FnMut(&Run)) -> Run {
        let mut run = Run::new();
        for step in steps {
            run.now += step.elapsed;
            run.both(&run.chain(step));
            after_each(&run);
        }
        run
    }
}

/// What each account is worth: credits less debits, posted.
fn worth(book: &Book) -> Vec<i128> {
    let net = |one: &crate::Account| i128::from(one.credits.posted) - i128::from(one.debits.posted);
    book.accounts.values().map(net).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Also: every answer and every balance is that of the plain recomputation.
    #[test]
    fn books_balance(steps in steps()) {
        Run::play(&steps, |run| {
            assert!(run.book.is_balanced());
            let open = |(hold, state): &(Transfer, crate::PendingState)| {
                (*state == crate::PendingState::Open).then_some(u128::from(hold.amount))
            };
            let held: u128 = run.book.holds.values().filter_map(open).sum();
            let pending = |totals: crate::Totals| totals.debits.pending;
            assert_eq!(run.book.totals().into_values().map(pending).sum::<u128>(), held);
        });
    }

    #[test]
    fn no_account_below_zero(steps in steps()) {
        Run::play(&steps, |run| {
            for one in run.book.accounts.values() {
                assert!(one.is_within_limit());
                let most = i64::MAX as u64;
                assert!(one.debits.total() <= most && one.credits.total() <= most);
            }
        });
    }

    /// In one go or in parts, right away or after other things happened.
    #[test]
    fn rollback_restores_every_balance(steps in steps(), cuts in (0..100u64, 0..100u64)) {
        let mut run = Run::play(&steps, |_| {});
        let before = worth(&run.book);
        let mut moves = super::chain(3000, "F>S 9; S>T 3; S>F 4 until 99999; R>F 9; S>F 2");
        moves.extend(super::chain(3001, "S>F 3 post 3000.2; F>R 1"));
        let between = super::chain(3002, "F>S 50; F>T 50; R>F 50");
        // Refused only where a run has come close to the largest amount.
        prop_assume!(run.both(&moves) && run.both(&between));
        let (from, to) = (cuts.0.min(cuts.1), cuts.0.max(cuts.1));
        let parts = [(0, from), (from, to), (to, 100)];
        for ((from, to), number) in parts.into_iter().zip(4000..) {
            let back = reverse_part(&moves, Part { from, to, of: 100 }, number);
            prop_assert!(run.both(&back) || back.is_empty());
        }
        prop_assert!(run.both(&reverse(&between, 5000)));
        prop_assert_eq!(worth(&run.book), before);
    }

    /// Movements that are one amount go back in parts that are each their part of the sum.
    #[test]
    fn parts_of_a_sum_are_exact(
        amounts in prop::collection::vec(0..50u64, 1..6),
        cut in 0..=100u64,
    ) {
        let moves = amounts.iter().map(|amount| format!("F>S {amount}")).collect::<Vec<_>>();
        let moves = super::chain(1, &moves.join("; "));
        let sum: u64 = amounts.iter().sum();
        let back = |from, to| -> u64 {
            let back = reverse_sum(&moves, Part { from, to, of: 100 }, 2);
            back.iter().map(|one| one.amount).sum()
        };
        prop_assert_eq!(back(0, cut), sum * cut / 100);
        prop_assert_eq!(back(0, cut) + back(cut, 100), sum);
    }

    #[test]
    fn parts_add_up(amount in 0..=u64::MAX, weights in prop::collection::vec(weight(), 1..20)) {
        let parts = allocate(amount, &weights);
        prop_assert_eq!(parts.iter().map(|part| u128::from(*part)).sum::<u128>(), amount.into());
        let total: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        for (part, weight) in parts.iter().zip(&weights).filter(|_| total > 0) {
            let exact = u128::from(amount) * u128::from(*weight);
            let down = (exact / total) as u64;
            prop_assert!(*part == down || (*part == down + 1 && exact % total > 0));
        }
    }
}

fn weight() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..100u64, any::<u64>()]
}

/// The runs above are worth something only if they are accepted, refused and expire in turn.
#[test]
fn runs_meet_every_rejection() {
    let mut seen = std::collections::BTreeMap::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..60 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut run = Run::new();
        for step in &steps {
            run.now += step.elapsed;
            let answer = apply(&mut run.book.clone(), &run.chain(step), run.now);
            let word = format!("{:?}", answer.map_err(|(_, rejection)| rejection));
            *seen
                .entry(word.split(['(', '{', ' ']).take(2).collect::<String>())
                .or_insert(0) += 1;
            run.both(&run.chain(step));
        }
    }
    let limits = five_accounts()
        .accounts
        .into_values()
        .filter(|one| one.limit != Limit::None);
    assert_eq!(limits.count(), 3);
    assert!(seen.len() >= 11, "{seen:?}");
    assert!(seen.values().sum::<u32>() > 500, "{seen:?}");
}
