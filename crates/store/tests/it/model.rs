//! Do the engines agree with the model, command for command, whatever is asked?

use std::collections::BTreeMap;

use ledger::AccountId;
use store::{AccountsOf, Command, Outcome, Page, Settings, Store, TransferFilter};

use crate::generator::{Generator, INDEXES, KEYS, KINDS, LINES, MOST_CHAINS, PROJECTS, SOURCE};
use crate::support::*;

const SEEDS: u64 = 12;
const BATCHES: u64 = 60;

#[test]
fn every_engine_answers_as_the_model() {
    let mut seen = BTreeMap::new();
    for seed in 0..SEEDS {
        let model = Store::memory();
        let engines = engines(seed, Settings::default());
        let mut generator = Generator::new(seed);
        for number in 0..BATCHES {
            let batch = generator.batch();
            let expected = run(model.submit_all(batch.clone())).unwrap();
            for Kept {
                store,
                name: engine,
                ..
            } in &engines
            {
                let outcomes = run(store.submit_all(batch.clone())).unwrap();
                for (place, command) in batch.iter().enumerate() {
                    let (outcome, expected) = (&outcomes[place], &expected[place]);
                    assert_eq!(
                        outcome, expected,
                        "{engine} seed {seed} batch {number}: {command:#?}"
                    );
                    *seen.entry(name(outcome)).or_insert(0) += 1;
                }
                assert_eq!(balances(store), balances(&model), "{engine} seed {seed}");
                assert_eq!(
                    run(store.audit()).unwrap(),
                    run(model.audit()).unwrap(),
                    "{engine} seed {seed}"
                );
            }
        }
        for kept in &engines {
            compare(&kept.store, &model, &mut generator);
        }
    }
    // The generator is worth its name only if everything happens often.
    assert!(
        seen.len() == 5 && seen.values().all(|count| *count > 50),
        "{seen:?}"
    );
}

/// Holds that nobody needs may stay open for a while, but no answer tells.
#[test]
fn letting_go_in_stretches_changes_no_answer() {
    let few = Settings {
        expiries: 1,
        ..Settings::default()
    };
    let (mut left_open, mut rejected) = (0, 0);
    for seed in 300..300 + SEEDS {
        for kept in engines(seed, few) {
            let (open, no) = let_go_in_stretches(&kept.store, seed);
            left_open += open;
            rejected += no;
        }
    }
    assert!(left_open > 50 && rejected > 50, "{left_open} {rejected}");
}

/// How many holds were left open, and how many commands were rejected.
fn let_go_in_stretches(store: &Store, seed: u64) -> (usize, usize) {
    let (mut left_open, mut rejected) = (0, 0);
    let model = Store::memory();
    let mut generator = Generator::new(seed);
    let mut now = 0;
    for number in 0..BATCHES {
        let mut batch = generator.batch();
        for command in &mut batch {
            // What was let go too early for a clock that is behind would differ.
            now = now.max(command.now);
            command.now = now;
        }
        let expected = run(model.submit_all(batch.clone())).unwrap();
        let outcomes = run(store.submit_all(batch)).unwrap();
        assert_eq!(outcomes, expected, "seed {seed} batch {number}");
        let is_rejected = |outcome: &&Outcome| name(outcome) == "rejected";
        rejected += outcomes.iter().filter(is_rejected).count();
        let overdue = |project| run(store.has_overdue(project, now)).unwrap();
        left_open += PROJECTS.into_iter().filter(|one| overdue(*one)).count();
        assert_eq!(run(store.audit()).unwrap().findings, [], "seed {seed}");
    }
    for project in PROJECTS {
        let empty = || Command {
            project,
            now,
            ..command()
        };
        submit(&model, empty());
        while run(store.has_overdue(project, now)).unwrap() {
            submit(store, empty());
        }
    }
    assert_eq!(run(store.audit()).unwrap(), run(model.audit()).unwrap());
    compare(store, &model, &mut generator);
    (left_open, rejected)
}

/// Every one of them for some seeds; a server beside the test takes its time.
fn engines(seed: u64, settings: Settings) -> Vec<Kept> {
    match seed.is_multiple_of(6) {
        true => on_disk(settings),
        false => vec![sqlite(settings)],
    }
}

#[test]
fn books_balance() {
    let mut transfers = 0;
    for seed in 100..100 + SEEDS {
        let scratch = Scratch::new();
        let store = scratch.open("books.db");
        let mut generator = Generator::new(seed);
        for _ in 0..BATCHES {
            run(store.submit_all(generator.batch())).unwrap();
            let audit = run(store.audit()).unwrap();
            assert_eq!(audit.findings, [], "seed {seed}");
            assert!(
                audit
                    .totals
                    .values()
                    .all(|totals| totals.debits == totals.credits)
            );
        }
        transfers += run(store.audit()).unwrap().transfers;
    }
    assert!(
        transfers > 50 * SEEDS,
        "{transfers} is too few to show anything"
    );
}

#[test]
fn no_account_below_zero() {
    for seed in 200..200 + SEEDS {
        let scratch = Scratch::new();
        let store = scratch.open("limits.db");
        let mut generator = Generator::new(seed);
        for _ in 0..BATCHES {
            run(store.submit_all(generator.batch())).unwrap();
            for account in accounts(&store) {
                assert!(account.is_within_limit(), "seed {seed}: {account:?}");
            }
        }
        assert!(
            accounts(&store)
                .iter()
                .any(|account| account.available() < Some(5))
        );
    }
}

fn accounts(store: &Store) -> Vec<ledger::Account> {
    let owners =
        PROJECTS.map(|project| lines().map(move |kind| [(project, kind, 0), (project, kind, 1)]));
    run(async {
        let mut all = Vec::new();
        for (project, kind, owner) in owners.into_iter().flatten().flatten() {
            let asked = AccountsOf {
                project,
                kind,
                owner,
                after: None,
                limit: 100,
            };
            all.extend(store.accounts_of(asked).await.unwrap());
        }
        all
    })
}

/// Of all accounts that there may be.
fn balances(store: &Store) -> Vec<Option<ledger::Account>> {
    let id = |kind, number: u64| AccountId {
        kind,
        owner: number % 2,
        party: number / 2,
        window: 0,
    };
    let ids = lines().flat_map(|kind| (0..6).map(move |number| id(kind, number)));
    let ids: Vec<AccountId> = ids.collect();
    let all = PROJECTS.map(|project| run(store.balances(project, &ids)).unwrap());
    all.concat()
}

fn lines() -> impl Iterator<Item = u16> {
    LINES.into_iter().chain([SOURCE])
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Repeated { .. } => "repeated",
        Outcome::Mismatched => "mismatched",
        Outcome::Rejected { .. } => "rejected",
        Outcome::Stale { .. } => "stale",
    }
}

/// Every question, every way round, at the end of a run.
pub fn compare(store: &Store, model: &Store, generator: &mut Generator) {
    assert_eq!(accounts(store), accounts(model));
    for _ in 0..200 {
        let project = PROJECTS[generator.below(2) as usize];
        let (kind, index) = (
            KINDS[generator.below(2) as usize],
            INDEXES[generator.below(2) as usize],
        );
        let key = KEYS[generator.below(6) as usize].as_bytes();
        let page = Page {
            after: generator.below(4) * generator.below(100),
            limit: generator.below(6) as u32,
            newest_first: generator.below(2) == 0,
        };
        let small = Page {
            after: page.after % 5,
            ..page
        };
        let filter = match generator.below(3) {
            0 => TransferFilter::Chain(generator.below(MOST_CHAINS)),
            _ => TransferFilter::Account(AccountId {
                kind: LINES[generator.below(3) as usize],
                owner: generator.below(2),
                party: generator.below(3),
                window: 0,
            }),
        };
        let answers = |store: &Store| {
            run(async {
                let one = store.find_one(project, index, key).await.unwrap();
                (
                    store.list(project, kind, small).await.unwrap(),
                    store.count_records(project, kind).await.unwrap(),
                    store.find(project, (index, key), small).await.unwrap(),
                    store.count(project, index, key).await.unwrap(),
                    one,
                    store.get(project, kind, page.after % 5).await.unwrap(),
                    store.transfers(project, filter, page).await.unwrap(),
                )
            })
        };
        assert_eq!(
            answers(store),
            answers(model),
            "{project:?} {kind:?} {page:?} {filter:?}"
        );
    }
}
