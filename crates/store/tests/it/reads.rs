//! What is answered, and when was it so?

use ledger::{AccountId, Kind as TransferKind};
use store::{AccountsOf, Command, Index, Kind, Page, Record, Store, TransferFilter};

use crate::support::*;

const ALL: Page = Page {
    after: 0,
    limit: 100,
    newest_first: false,
};

fn ids(records: Vec<Record>) -> Vec<u64> {
    records.into_iter().map(|record| record.id).collect()
}

#[test]
fn a_view_sees_one_moment() {
    on_each_engine(|store| {
        submit(
            store,
            Command {
                writes: vec![put(1, "old")],
                ..command()
            },
        );
        let mut view = store.view(SHOP).unwrap();
        assert_eq!(
            run(view.get(Kind::Voucher, 1)).unwrap().unwrap().body,
            b"old"
        );
        submit(
            store,
            Command {
                writes: vec![put(1, "new"), put(2, "new")],
                ..command()
            },
        );
        assert_eq!(
            run(view.get(Kind::Voucher, 1)).unwrap().unwrap().body,
            b"old"
        );
        assert_eq!(run(view.count_records(Kind::Voucher)).unwrap(), 1);
        drop(view);
        assert_eq!(
            run(store.get(SHOP, Kind::Voucher, 1))
                .unwrap()
                .unwrap()
                .body,
            b"new"
        );
    });
}

#[test]
fn pages_meet_without_gap_or_overlap() {
    on_each_engine(|store| {
        let writes =
            (1..=7).flat_map(|id| [put(id, "x"), link(Index::VouchersOfCampaign, "c", id)]);
        submit(
            store,
            Command {
                writes: writes.collect(),
                ..command()
            },
        );
        let check = |after, newest_first, expected: &[u64]| {
            let page = Page {
                after,
                limit: 3,
                newest_first,
            };
            assert_eq!(
                ids(run(store.list(SHOP, Kind::Voucher, page)).unwrap()),
                expected
            );
            let under = (Index::VouchersOfCampaign, b"c".as_slice());
            assert_eq!(run(store.find(SHOP, under, page)).unwrap(), expected);
        };
        check(0, false, &[1, 2, 3]);
        check(3, false, &[4, 5, 6]);
        check(6, false, &[7]);
        check(7, false, &[]);
        check(0, true, &[7, 6, 5]);
        check(5, true, &[4, 3, 2]);
        check(2, true, &[1]);
        check(1, true, &[]);
        let found = run(store.get_many(SHOP, Kind::Voucher, &[9, 2, 2])).unwrap();
        let versions: Vec<_> = found
            .iter()
            .map(|record| record.as_ref().map(|r| r.id))
            .collect();
        assert_eq!(versions, [None, Some(2), Some(2)]);
        assert_eq!(
            run(store.count(SHOP, Index::VouchersOfCampaign, b"c")).unwrap(),
            7
        );
        assert_eq!(
            run(store.count(SHOP, Index::VouchersOfCampaign, b"d")).unwrap(),
            0
        );
    });
}

#[test]
fn keys_asked_for_at_once_are_answered_in_their_order() {
    on_each_engine(|store| {
        let writes = [
            link(Index::ProductSource, "mug", 1),
            link(Index::ProductSource, "cup", 2),
            link(Index::SkuSource, "pot", 3),
            link(Index::SkusOfProduct, "mug", 4),
        ];
        submit(
            store,
            Command {
                writes: writes.into(),
                ..command()
            },
        );
        let keys: [&[u8]; 4] = [b"cup", b"pot", b"mug", b"cup"];
        let mut view = store.view(SHOP).unwrap();
        let found = run(view.find_each(Index::ProductSource, &keys)).unwrap();
        assert_eq!(found, [Some(2), None, Some(1), Some(2)]);
        let found = run(view.find_each(Index::ProductSource, &[])).unwrap();
        assert_eq!(found, []);
        let found = run(view.find_each(Index::SkusOfProduct, &keys)).unwrap();
        assert_eq!(found, [None; 4]);
    });
}

#[test]
fn what_stands_under_many_keys_is_found_as_under_each() {
    on_each_engine(|store| {
        let under = |key, ids: std::ops::RangeInclusive<u64>| {
            ids.map(move |id| link(Index::SkusOfProduct, key, id))
        };
        let others = [
            link(Index::VouchersOfCampaign, "mug", 1),
            link(Index::ProductSource, "cup", 2),
        ];
        let writes = under("mug", 1..=5).chain(under("cup", 4..=6));
        submit(
            store,
            Command {
                writes: writes.chain(others).collect(),
                ..command()
            },
        );
        let keys: [&[u8]; 4] = [b"mug", b"pot", b"cup", b"mug"];
        let mut view = store.view(SHOP).unwrap();
        let mut check = |limit: u32, expected: [&[u64]; 4]| {
            let asked = (keys.as_slice(), limit);
            let found = run(view.find_many(Index::SkusOfProduct, asked)).unwrap();
            assert_eq!(found, expected);
        };
        let (all, cups): (&[u64], &[u64]) = (&[1, 2, 3, 4, 5], &[4, 5, 6]);
        check(100, [all, &[], cups, all]);
        check(5, [all, &[], cups, all]);
        check(2, [&[1, 2], &[], &[4, 5], &[1, 2]]);
        let none = run(view.find_many(Index::SkusOfProduct, (&[], 9))).unwrap();
        assert_eq!(none, [[0; 0]; 0]);
        let unique = run(view.find_many(Index::ProductSource, (&keys, 9))).unwrap();
        assert_eq!(unique, [[0; 0]; 4]);
    });
}

#[test]
fn a_page_of_transfers_never_ends_inside_a_chain() {
    on_each_engine(|store| {
        for chain in 1..=4 {
            let line = |line| {
                let mut transfer = spend(chain, 1, TransferKind::Direct);
                transfer.id.line = line;
                transfer
            };
            let chain = (0..3).map(line).collect();
            submit(
                store,
                Command {
                    openings: budget(100),
                    chain,
                    ..command()
                },
            );
        }
        let check = |page: Page, expected: &[(u64, u32)]| {
            let filter = TransferFilter::Account(account(SPENT));
            let found = run(store.transfers(SHOP, filter, page)).unwrap();
            let found: Vec<_> = found
                .iter()
                .map(|saved| (saved.transfer.id.chain, saved.transfer.id.line))
                .collect();
            assert_eq!(found, expected, "{page:?}");
        };
        check(Page { limit: 1, ..ALL }, &[(1, 0), (1, 1), (1, 2)]);
        check(Page { limit: 3, ..ALL }, &[(1, 0), (1, 1), (1, 2)]);
        check(
            Page {
                after: 3,
                limit: 5,
                ..ALL
            },
            &[(4, 0), (4, 1), (4, 2)],
        );
        check(
            Page {
                limit: 2,
                newest_first: true,
                ..ALL
            },
            &[(4, 0), (4, 1), (4, 2)],
        );
        check(
            Page {
                after: 2,
                newest_first: true,
                ..ALL
            },
            &[(1, 0), (1, 1), (1, 2)],
        );
        check(Page { limit: 0, ..ALL }, &[]);
    });
}

#[test]
fn accounts_of_an_owner_come_in_order() {
    on_each_engine(|store| {
        let id = |party, window| AccountId {
            party,
            window,
            ..account(SPENT)
        };
        let all = [id(0, 0), id(0, 1), id(1, 0), id(2, 5)];
        let openings = all
            .iter()
            .map(|id| ledger::Opening {
                id: *id,
                asset: EUR,
                limit: ledger::Limit::None,
                funding: None,
            })
            .collect();
        submit(
            store,
            Command {
                openings,
                ..command()
            },
        );
        let check = |after, limit, expected: &[AccountId]| {
            let asked = AccountsOf {
                project: SHOP,
                kind: SPENT,
                owner: 5,
                after,
                limit,
            };
            let found = run(store.accounts_of(asked)).unwrap();
            let found: Vec<_> = found.iter().map(|account| account.id).collect();
            assert_eq!(found, expected);
        };
        check(None, 9, &all);
        check(None, 2, &all[..2]);
        check(Some(all[1]), 9, &all[2..]);
        check(Some(id(1, 7)), 9, &all[3..]);
        let found = run(store.accounts(SHOP, &[id(9, 9), all[3]])).unwrap();
        assert_eq!(
            found.iter().map(Option::is_some).collect::<Vec<_>>(),
            [false, true]
        );
    });
}

#[test]
fn what_is_asked_can_wait_on_any_thread() {
    fn can_be_sent<T: Send>(_: &T) {}
    let store = Store::memory();
    can_be_sent(&store);
    can_be_sent(&store.submit(command()));
    can_be_sent(&store.get(SHOP, Kind::Voucher, 1));
    let mut view = store.view(SHOP).unwrap();
    can_be_sent(&view.get(Kind::Voucher, 1));
}

#[test]
fn keys_are_forgotten_by_age() {
    on_each_engine(|store| {
        let keyed = |number: u32, now: i64| {
            let mut key = [0; 16];
            key[..4].copy_from_slice(&number.to_be_bytes());
            Command {
                now,
                once: Some(store::Once {
                    key,
                    fingerprint: [0; 16],
                    answer: Vec::new(),
                }),
                ..command()
            }
        };
        let old = (0..1_500).map(|number| keyed(number, 10)).collect();
        run(store.submit_all(old)).unwrap();
        submit(store, keyed(9_999, 20));
        let project = command().project;
        assert_eq!(run(store.forget_keys(project, 10)).unwrap(), 0);
        assert_eq!(run(store.forget_keys(project, 20)).unwrap(), 1_500);
        assert_eq!(submit(store, keyed(7, 30)), store::Outcome::Applied);
        let kept = submit(store, keyed(9_999, 30));
        assert!(matches!(kept, store::Outcome::Repeated { .. }), "{kept:?}");
    });
}

#[test]
fn keys_of_a_unique_index_are_listed_in_stretches() {
    on_each_engine(|store| {
        let links = [(3_u8, 30), (1, 10), (2, 20)].map(|(key, id)| store::Write::Link {
            index: store::Index::Message,
            key: vec![key],
            id,
        });
        let command = Command {
            writes: links.into(),
            ..command()
        };
        let project = command.project;
        submit(store, command);
        let mut view = store.view(project).unwrap();
        let mut keys = |after: &[u8]| run(view.keys(store::Index::Message, (after, 2))).unwrap();
        assert_eq!(keys(&[]), [(vec![1], 10), (vec![2], 20)]);
        assert_eq!(keys(&[2]), [(vec![3], 30)]);
    });
}
