//! Does everything arrive, and nothing that was not sent? From each engine into each other, stopped
//! anywhere, and with damage anywhere in the file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::Kind as TransferKind;
use store::moving::{Contents, Halt, Progress, Step, export, import};
use store::{Command, Fault, Kind, Outcome, ProjectId, Settings, Store};

use crate::generator::Generator;
use crate::model::compare;
use crate::support::*;

const MADE_AT: i64 = 1_700_000_000_000;

fn write(store: &Store, to: &Path) -> Result<Contents, Halt> {
    run(export(store, (to, MADE_AT), &mut |_| {}))
}

fn bring(store: &Store, from: &Path) -> Result<Contents, Halt> {
    run(import(store, (from, MADE_AT), &mut |_| {}))
}

/// Stops where it is told to, as a process does that is killed: nothing is tidied.
fn bring_until(store: &Store, from: &Path, stop: impl Fn(Progress) -> bool + Send + Sync) {
    let (store, from) = (store.clone(), from.to_path_buf());
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut look = |progress| {
            if stop(progress) {
                std::panic::resume_unwind(Box::new("killed"));
            }
        };
        run(import(&store, (&from, MADE_AT), &mut look)).map(drop)
    }));
    assert!(stopped.is_err(), "it was not stopped");
}

fn filled(store: &Store, seed: u64, batches: u64) {
    let mut generator = Generator::new(seed);
    for _ in 0..batches {
        run(store.submit_all(generator.batch())).unwrap();
    }
}

/// An export of random commands, and the model that they were applied to.
fn sample(scratch: &Scratch, seed: u64, batches: u64) -> (Store, PathBuf) {
    let model = Store::memory();
    filled(&model, seed, batches);
    let file = scratch.file(&format!("sample-{seed}"));
    write(&model, &file).unwrap();
    (model, file)
}

#[test]
fn what_is_moved_is_the_same_everywhere() {
    for seed in 400..406 {
        let scratch = Scratch::new();
        let (model, file) = sample(&scratch, seed, 40);
        let bytes = fs::read(&file).unwrap();
        let mut stores = vec![("memory", Store::memory())];
        // A server beside the test takes its time.
        let kept = match seed {
            400 => on_disk(Settings::default()),
            _ => vec![sqlite(Settings::default())],
        };
        stores.extend(kept.iter().map(|kept| (kept.name, kept.store.clone())));
        let mut from = file;
        for (name, store) in &stores {
            let moved = bring(store, &from).unwrap();
            assert!(moved.rows() > 100 && moved.counts.len() == 2, "{moved:?}");
            // The next one gets what this one gives.
            from = scratch.file(name);
            assert_eq!(write(store, &from).unwrap(), moved);
            assert!(fs::read(&from).unwrap() == bytes, "{name} seed {seed}");
            compare(store, &model, &mut Generator::new(seed));
            goes_on_alike(store, &model, seed);
        }
    }
}

/// What was moved is a store like any other: it answers the next commands as the model does.
fn goes_on_alike(store: &Store, model: &Store, seed: u64) {
    let scratch = Scratch::new();
    let file = scratch.file("now");
    write(model, &file).unwrap();
    let copy = Store::memory();
    bring(&copy, &file).unwrap();
    let mut generator = Generator::new(seed + 1_000);
    for _ in 0..10 {
        let batch = generator.batch();
        let expected = run(copy.submit_all(batch.clone())).unwrap();
        assert_eq!(run(store.submit_all(batch)).unwrap(), expected);
    }
    assert_eq!(run(store.audit()).unwrap(), run(copy.audit()).unwrap());
}

#[test]
fn an_import_that_was_stopped_goes_on_where_it_stopped() {
    let scratch = Scratch::new();
    let (_, file) = sample(&scratch, 410, 40);
    let (_, other) = sample(&scratch, 411, 5);
    for kept in on_disk(Settings::default()) {
        let (mut before, mut stops) = (0, 0);
        // Each time one stretch more than the time before, until nothing is left to do.
        loop {
            let last = before;
            let stop = move |progress: Progress| {
                progress.step == Step::Comparing
                    || (progress.step == Step::Importing && progress.rows > last)
            };
            bring_until(&kept.store, &file, stop);
            assert!(matches!(bring(&kept.store, &other), Err(Halt::OtherFile)));
            let mark = run(kept.store.importing()).unwrap().unwrap();
            let rows = run(kept.store.export()).unwrap();
            let now: u64 = rows.counts().values().flatten().sum();
            if now == before {
                assert_eq!(mark.done, stops);
                break;
            }
            (before, stops) = (now, stops + 1);
            assert_eq!(mark.done, stops, "{}", kept.name);
        }
        let whole = bring(&kept.store, &file).unwrap();
        assert_eq!((before, stops), (whole.rows(), 12), "{}", kept.name);
        assert_eq!(run(kept.store.importing()).unwrap(), None);
        let again = scratch.file(kept.name);
        write(&kept.store, &again).unwrap();
        assert!(fs::read(again).unwrap() == fs::read(&file).unwrap());
    }
}

#[test]
fn a_store_that_changed_while_it_was_brought_in_is_refused() {
    let scratch = Scratch::new();
    let (_, file) = sample(&scratch, 420, 20);
    for kept in on_disk(Settings::default()) {
        let half = |progress: Progress| progress.step == Step::Importing;
        bring_until(&kept.store, &file, half);
        let writes = vec![put(77, "somebody else's")];
        submit(
            &kept.store,
            Command {
                writes,
                ..command()
            },
        );
        assert!(matches!(
            bring(&kept.store, &file),
            Err(Halt::NotEmpty(SHOP))
        ));
    }
}

#[test]
fn rows_that_are_not_those_of_the_file_are_found_at_the_end() {
    let scratch = Scratch::new();
    let (_, file) = sample(&scratch, 421, 20);
    let into = scratch.file("into.db");
    let store = open(&into);
    bring_until(&store, &file, |progress| progress.step == Step::Comparing);
    let tamper = |text: &str| {
        let other = rusqlite::Connection::open(&into).unwrap();
        assert!(other.execute(text, []).unwrap() > 0);
    };
    tamper("UPDATE records SET body = x'00' WHERE project = 1");
    let found = bring(&store, &file).unwrap_err();
    assert!(
        matches!(&found, Halt::Differs(what) if what.contains("hash")),
        "{found}"
    );
    let mark = run(store.importing()).unwrap();
    assert!(mark.is_some(), "nobody serves it");
}

#[test]
fn a_store_with_data_takes_no_import() {
    let scratch = Scratch::new();
    let (_, file) = sample(&scratch, 430, 5);
    on_each_engine(|store| {
        let writes = vec![put(1, "mine")];
        submit(
            store,
            Command {
                writes,
                ..command()
            },
        );
        let before = scratch.file("before");
        write(store, &before).unwrap();
        let refused = bring(store, &file).unwrap_err();
        assert!(matches!(refused, Halt::NotEmpty(SHOP)), "{refused}");
        assert!(refused.to_string().contains("needs an empty store"));
        let after = scratch.file("after");
        write(store, &after).unwrap();
        assert!(fs::read(&before).unwrap() == fs::read(&after).unwrap());
        assert_eq!(run(store.importing()).unwrap(), None);
        fs::remove_file(before).unwrap();
        fs::remove_file(after).unwrap();
    });
}

#[test]
fn an_empty_store_is_moved_too() {
    let scratch = Scratch::new();
    let file = scratch.file("empty");
    on_each_engine(|store| {
        assert_eq!(write(store, &file).unwrap().rows(), 0);
        let other = Store::memory();
        bring(&other, &file).unwrap();
        assert_eq!(run(other.importing()).unwrap(), None);
        fs::remove_file(&file).unwrap();
    });
}

#[test]
fn a_damaged_byte_is_refused_and_named() {
    let scratch = Scratch::new();
    let (_, file) = sample(&scratch, 440, 4);
    let whole = fs::read(&file).unwrap();
    let damaged = scratch.file("damaged");
    let store = Store::memory();
    let mut seen = [0; 4];
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        fs::write(&damaged, bytes).unwrap();
        let refused = bring(&store, &damaged).unwrap_err();
        let place = place as u64;
        let (kind, named) = match refused {
            Halt::NotAnExport(_) => (0, place < 8),
            Halt::Newer { .. } => (1, (8..12).contains(&place)),
            Halt::Damaged { at, .. } => (2, at <= place),
            Halt::CutShort { at, .. } => (3, (at..at + 4).contains(&place)),
            other => panic!("byte {place}: {other}"),
        };
        assert!(named, "byte {place} is named wrongly");
        seen[kind] += 1;
    }
    assert!(
        seen[0] == 8 && seen[1] == 4 && seen[2] > 500 && seen[3] > 5,
        "{seen:?}"
    );
    let empty = run(store.export()).unwrap().counts().is_empty();
    assert!(empty && run(store.importing()).unwrap().is_none());
}

#[test]
fn a_file_that_was_cut_short_or_goes_on_is_refused() {
    let scratch = Scratch::new();
    let (_, file) = sample(&scratch, 441, 2);
    let whole = fs::read(&file).unwrap();
    let cut = scratch.file("cut");
    let store = Store::memory();
    for length in (8..whole.len()).step_by(5).chain([whole.len() - 1]) {
        fs::write(&cut, &whole[..length]).unwrap();
        let refused = bring(&store, &cut).unwrap_err();
        let end = length as u64;
        let named =
            matches!(refused, Halt::CutShort { end: named, at } if named == end && at <= end);
        assert!(named, "{length}: {refused}");
    }
    let more = [whole.as_slice(), b"more"].concat();
    fs::write(&cut, more).unwrap();
    assert!(matches!(bring(&store, &cut), Err(Halt::Damaged { .. })));
    fs::write(&cut, "something else").unwrap();
    assert!(matches!(bring(&store, &cut), Err(Halt::NotAnExport(_))));
}

/// Whoever changes the format notices here, and gives it another number.
#[test]
fn the_format_is_the_one_that_is_written_down() {
    let scratch = Scratch::new();
    let store = Store::memory();
    let all = Command {
        openings: budget(100),
        chain: vec![
            spend(
                1,
                60,
                TransferKind::Pending {
                    expires_at: NOW + 5,
                },
            ),
            store_line(),
        ],
        writes: vec![
            put(1, "body"),
            link(store::Index::VoucherCode, "CODE", 1),
            link(store::Index::VouchersOfCampaign, "c", 1),
        ],
        once: once(3, 4, "answer"),
        ..command()
    };
    assert_eq!(submit(&store, all), Outcome::Applied);
    let file = scratch.file("golden");
    let contents = write(&store, &file).unwrap();
    assert_eq!(contents.counts[&SHOP], [3, 3, 1, 1, 1, 1]);
    let bytes = fs::read(&file).unwrap();
    let written: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let golden = include_str!("golden_export.txt");
    assert_eq!(written, golden.split_whitespace().collect::<String>());
}

fn store_line() -> ledger::Transfer {
    let mut line = spend(1, 20, TransferKind::Direct);
    line.id.line = 1;
    line
}

#[test]
fn an_export_writes_over_nothing_and_is_its_owners_alone() {
    let scratch = Scratch::new();
    let store = Store::memory();
    filled(&store, 450, 5);
    let (file, part) = (scratch.file("out"), scratch.file("out.part"));
    // What a process left that was killed while it wrote.
    fs::write(&part, vec![7; 100_000]).unwrap();
    fs::set_permissions(&part, fs::Permissions::from_mode(0o644)).unwrap();
    write(&store, &file).unwrap();
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!part.exists());
    let before = fs::read(&file).unwrap();
    assert!(matches!(write(&store, &file), Err(Halt::Exists(path)) if path == file));
    assert!(fs::read(&file).unwrap() == before);
    let other = scratch.file("other");
    let held = fs::File::create(scratch.file("other.part")).unwrap();
    held.lock().unwrap();
    assert!(matches!(write(&store, &other), Err(Halt::Taken(_))));
    drop(held);
    write(&store, &other).unwrap();
    let nowhere = scratch.file("no folder").join("out");
    assert!(matches!(write(&store, &nowhere), Err(Halt::File(..))));
}

#[test]
fn what_is_exported_while_others_write_is_one_moment() {
    let scratch = Scratch::new();
    let mut moments = 0;
    for kept in on_disk(Settings::default()) {
        let store = &kept.store;
        submit(
            store,
            Command {
                openings: budget(1_000_000),
                ..command()
            },
        );
        let stop = Arc::new(AtomicBool::new(false));
        let spending = {
            let (store, stop) = (store.clone(), Arc::clone(&stop));
            std::thread::spawn(move || spend_until(&store, &stop))
        };
        for number in 0..8 {
            std::thread::sleep(std::time::Duration::from_millis(30));
            let file = scratch.file(&format!("{} {number}", kept.name));
            let moved = write(store, &file).unwrap();
            let other = Store::memory();
            bring(&other, &file).unwrap();
            // Each command spends one and writes one record: both of the same moment.
            let spent = run(other.account(SHOP, account(SPENT))).unwrap().unwrap();
            let [_, transfers, records, ..] = moved.counts[&SHOP];
            assert_eq!(spent.credits.posted, records);
            assert_eq!(transfers, records + 1);
            moments += u64::from(records > 0);
        }
        stop.store(true, Ordering::Relaxed);
        assert!(spending.join().unwrap() > 8, "there was traffic");
    }
    assert!(moments > 5, "{moments}");
}

fn spend_until(store: &Store, stop: &AtomicBool) -> u64 {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let command = Command {
            chain: vec![spend(number, 1, TransferKind::Direct)],
            writes: vec![put(number, "spent")],
            ..command()
        };
        assert_eq!(submit(store, command), Outcome::Applied);
    }
    number
}

#[test]
fn a_store_whose_books_do_not_balance_is_not_exported() {
    let scratch = Scratch::new();
    let store = scratch.open("a.db");
    submit(
        &store,
        Command {
            openings: budget(100),
            ..command()
        },
    );
    let other = rusqlite::Connection::open(scratch.file("a.db")).unwrap();
    let less = "UPDATE accounts SET credits_posted = credits_posted - 1 WHERE series = 1";
    assert_eq!(other.execute(less, []).unwrap(), 1);
    let file = scratch.file("out");
    assert!(matches!(write(&store, &file), Err(Halt::Unbalanced)));
    assert!(!file.exists() && !scratch.file("out.part").exists());
}

/// More than one stretch of a table, a body that is a stretch by itself, and numbers past 2^63.
#[test]
fn much_and_large_is_moved_too() {
    let scratch = Scratch::new();
    let model = Store::memory();
    let body = |id: u64| vec![id as u8; if id == 9 { 5 << 18 } else { 9 }];
    let one = |id| store::Write::Put {
        kind: Kind::Customer,
        id,
        body: body(id),
    };
    let writes = (1..5_000).chain([u64::MAX, 1 << 63]).map(one).collect();
    let far = Command {
        project: ProjectId(u32::MAX - 1),
        writes,
        ..command()
    };
    submit(&model, far);
    let first = scratch.file("first");
    write(&model, &first).unwrap();
    for kept in on_disk(Settings::default()) {
        let mut stretches = 0;
        let mut look = |progress: Progress| {
            stretches += u32::from(progress.step == Step::Importing);
        };
        run(import(&kept.store, (&first, MADE_AT), &mut look)).unwrap();
        assert_eq!(stretches, 5, "{}", kept.name);
        let again = scratch.file(kept.name);
        write(&kept.store, &again).unwrap();
        assert!(fs::read(&again).unwrap() == fs::read(&first).unwrap());
        let count = kept
            .store
            .count_records(ProjectId(u32::MAX - 1), Kind::Customer);
        assert_eq!(run(count).unwrap(), 5_001);
    }
}

#[test]
fn faults_of_the_store_are_told() {
    let halt = Halt::from(Fault::Disk("no space".into()));
    assert_eq!(halt.to_string(), "the store failed: no space");
}
