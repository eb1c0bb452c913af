//! Rows of refills, and what holds whatever many processes do in whatever order.

use ledger::{Account, AccountId, Book, FUNDING_LINES, Kind, Part, Transfer, TransferId, apply};
use proptest::prelude::*;

use super::{Holding, Loan, Move, call_in, refill, top_up};
use crate::book::tests::{account_text, campaign};
use crate::chart::{Counter, Occasion, counters};
use crate::{Booking, Campaign, Checkout, Given, Happening, Lending, OrderCount, book};

/// `9 0 5`: what is left on the whole, on the slice of process 1, of process 2 …
fn parts(text: &str) -> Vec<Holding> {
    let amounts = text.split(' ').map(|one| one.parse().unwrap());
    let part = |(process, available): (usize, u64)| Holding {
        process: process as u64,
        available,
    };
    amounts.enumerate().map(part).collect()
}

fn told(moves: Option<Vec<Move>>) -> String {
    let Some(moves) = moves else {
        return "reached".into();
    };
    let told = moves
        .iter()
        .map(|one| format!("{} from {} to {}", one.amount, one.from, one.to));
    told.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_process_gets_a_stretch_of_what_is_left() {
    let check = |left: &str, to, lacking, expected: &str| {
        assert_eq!(told(refill(&parts(left), to, lacking)), expected, "{left}");
    };
    check("1000 0", 1, 1, "250 from 0 to 1");
    check("1000 0 0 0 0", 1, 1, "62 from 0 to 1");
    check("1000 0 0 0 0", 3, 70, "70 from 0 to 3");
    check("10 0 0 990", 1, 5, "10 from 0 to 1");
    check("10 0 0 990", 1, 50, "10 from 0 to 1, 73 from 3 to 1");
    check("0 0 40 60", 1, 1, "8 from 3 to 1");
    check("0 0 40 60", 1, 90, "60 from 3 to 1, 30 from 2 to 1");
    check("0 0 1 0", 1, 1, "1 from 2 to 1");
    check("1 0 1 0", 1, 3, "reached");
    check("0 7 0 0", 1, 1, "reached");
    check("0 7 3 0", 0, 10, "7 from 1 to 0, 3 from 2 to 0");
    check("5", 9, 5, "5 from 0 to 9");
}

#[test]
fn what_the_lender_lacks_comes_in_from_the_biggest_slices() {
    let check = |left: &str, lacking, expected: &str| {
        assert_eq!(told(call_in(&parts(left), lacking)), expected, "{left}");
    };
    check("3 10 40", 0, "");
    check("3 10 40", 45, "40 from 2 to 0, 5 from 1 to 0");
    check("3 10 40", 51, "reached");
}

/// The books of one campaign whose limits are lent, and what a plain count says of them.
struct Shop {
    campaign: Campaign,
    books: Book,
    chains: u64,
    /// Neither held nor spent.
    free: u64,
    /// Each as it was written, with what it took.
    held: Vec<Transfer>,
    posted: Vec<Transfer>,
}

const PROCESSES: [u64; 4] = [1, 2, 3, 4];

impl Shop {
    fn new(limit: u64) -> Self {
        let campaign = Campaign {
            lending: Lending::Slices,
            ..campaign(&format!("campaign money {limit}"))
        };
        Self {
            campaign,
            books: Book::default(),
            chains: 0,
            free: limit,
            held: Vec::new(),
            posted: Vec::new(),
        }
    }

    fn occasion(process: u64) -> Occasion {
        Occasion {
            customer: Some(7),
            process,
            ..Occasion::default()
        }
    }

    fn counter(&self, process: u64) -> Counter {
        counters(&self.campaign, None, &Self::occasion(process))[0]
    }

    fn account(&self, id: &AccountId) -> Option<Account> {
        self.books.accounts.get(id).copied()
    }

    fn parts(&self) -> Vec<Holding> {
        let counter = self.counter(0);
        let ids = counter.parts(&PROCESSES);
        let available = ids.iter().enumerate().map(|(place, id)| {
            let account = self.account(id);
            let none = if place == 0 { counter.cap.limit } else { 0 };
            account.map_or(none, |account| account.available().unwrap())
        });
        let all = ids.iter().zip(available);
        let part = |(id, available): (&AccountId, u64)| Holding {
            process: id.party,
            available,
        };
        all.map(part).collect()
    }

    fn number(&mut self) -> u64 {
        self.chains += 1;
        self.chains
    }

    /// Applied whole, or nothing of it but what was opened.
    fn apply(&mut self, booking: &Booking) -> bool {
        for (place, opening) in booking.openings.iter().enumerate() {
            let id = TransferId {
                chain: booking.chain[0].id.chain,
                line: FUNDING_LINES + place as u32,
            };
            self.books.open(opening, id).unwrap();
        }
        apply(&mut self.books, &booking.chain, 0).is_ok()
    }

    /// As a process does: by itself, and with what it lacks where that is refused.
    fn take(&mut self, booking: &Booking, process: u64) -> bool {
        if self.apply(booking) {
            return true;
        }
        let lent = [(self.counter(process), self.parts())];
        let number = self.number();
        let Some(topped_up) = top_up(booking, &lent, number) else {
            return false;
        };
        assert!(self.apply(&topped_up), "what was looked at has not changed");
        true
    }

    fn spend(&mut self, (process, amount): (u64, u64), until: Option<i64>) -> bool {
        let number = self.number();
        let campaign = self.campaign.clone();
        let given = [Given {
            campaign: &campaign,
            voucher: None,
            tier: None,
            discount: amount,
            gift: 0,
            order: OrderCount::default(),
            units: (&[], &[]),
            free_units: 0,
            points: None,
            spent: None,
        }];
        let occasion = Self::occasion(process);
        let checkout = &Checkout {
            given: &given,
            occasion: &occasion,
            held: &[],
        };
        let happening = match until {
            Some(expires_at) => Happening::Validated {
                checkout,
                expires_at,
            },
            None => Happening::Redeemed { checkout },
        };
        let booking = book(&happening, number);
        let is_taken = self.take(&booking, process);
        if is_taken {
            self.free -= amount;
            let kept = match until {
                Some(_) => &mut self.held,
                None => &mut self.posted,
            };
            kept.extend(booking.chain);
        }
        is_taken
    }

    fn undo(&mut self, happening: &Happening<'_>, amount: u64) {
        let number = self.number();
        assert!(self.apply(&book(happening, number)));
        self.free += amount;
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Spend(process, amount) => {
                let is_free = amount <= self.free;
                assert_eq!(self.spend((process, amount), None), is_free, "{act:?}");
            }
            Act::Hold(process, amount) => {
                let is_free = amount <= self.free;
                assert_eq!(self.spend((process, amount), Some(9)), is_free, "{act:?}");
            }
            Act::LetGo => {
                if let Some(hold) = self.held.pop() {
                    let held = &[hold];
                    self.undo(&Happening::Released { held, now: 0 }, hold.amount);
                }
            }
            Act::RollBack => {
                if let Some(line) = self.posted.pop() {
                    let (posted, part) = (&[line], Part::WHOLE);
                    self.undo(&Happening::RolledBack { posted, part }, line.amount);
                }
            }
            Act::Return(process) => self.give_back(process),
            Act::Move(process) => self.hold_elsewhere(process),
            Act::Fund(limit) => self.fund(limit),
        }
    }

    fn give_back(&mut self, process: u64) {
        let parts = self.parts();
        let part = parts.iter().find(|part| part.process == process).unwrap();
        if part.available > 0 {
            let moves = vec![Move {
                from: process,
                to: 0,
                amount: part.available,
            }];
            let counter = self.counter(process);
            let loans = &[Loan { counter, moves }];
            self.undo(&Happening::Lent { loans }, 0);
        }
    }

    /// A session's hold is let go and taken anew at another process, in one command.
    fn hold_elsewhere(&mut self, process: u64) {
        let Some(hold) = self.held.pop() else { return };
        let (letting_go, number) = (self.number(), self.number());
        let held = &[hold];
        let released = book(&Happening::Released { held, now: 0 }, letting_go);
        let id = TransferId {
            chain: number,
            line: 0,
        };
        let counter = self.counter(process);
        let again = Transfer {
            id,
            debit: counter.account.id,
            ..hold
        };
        let booking = released.then(Booking {
            openings: vec![counter.account],
            chain: vec![again],
        });
        assert!(self.take(&booking, process), "what it held is free for it");
        self.held.push(again);
    }

    /// The limit is set to what is taken and so much more.
    fn fund(&mut self, free: u64) {
        let counter = self.counter(0);
        let before = counter.cap.limit;
        let after = before - self.free + free;
        let whole = self.parts()[0].available;
        let lacking = (before.saturating_sub(after)).saturating_sub(whole);
        let moves = call_in(&self.parts(), lacking).unwrap();
        let (calling_in, number) = (self.number(), self.number());
        let loans = &[Loan { counter, moves }];
        let called_in = book(&Happening::Lent { loans }, calling_in);
        let counter = &counter;
        let funded = Happening::Funded {
            counter,
            before,
            after,
        };
        let booking = called_in.then(book(&funded, number));
        if !booking.chain.is_empty() {
            assert!(self.apply(&booking));
        }
        self.campaign.caps[0].limit = after;
        self.free = free;
    }
}

/// What happens at a process. One that dies does nothing more, and what it was lent stays.
#[derive(Clone, Debug)]
enum Act {
    Spend(u64, u64),
    Hold(u64, u64),
    LetGo,
    RollBack,
    Return(u64),
    Move(u64),
    Fund(u64),
}

fn act() -> impl Strategy<Value = Act> {
    // 0 is a process whose number the others may not know yet.
    let process = || 0..=PROCESSES.len() as u64;
    prop_oneof![
        6 => (process(), 1..60u64).prop_map(|(process, amount)| Act::Spend(process, amount)),
        4 => (process(), 1..60u64).prop_map(|(process, amount)| Act::Hold(process, amount)),
        3 => Just(Act::LetGo),
        2 => Just(Act::RollBack),
        1 => (1..=PROCESSES.len() as u64).prop_map(Act::Return),
        2 => process().prop_map(Act::Move),
        1 => (0..400u64).prop_map(Act::Fund),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Many processes, in any order, any of which may be dead from any moment on: what is asked for
    /// is given exactly as long as a plain count has it, and nothing is lost or made.
    #[test]
    fn exactly_the_limit_is_given_whoever_asks(
        limit in 1..1000u64,
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let mut shop = Shop::new(limit);
        for act in &acts {
            shop.act(act);
            let left: u64 = shop.parts().iter().map(|part| part.available).sum();
            prop_assert_eq!(left, shop.free, "{:?}", act);
            prop_assert!(shop.books.is_balanced());
            prop_assert!(shop.books.accounts.values().all(Account::is_within_limit));
        }
        // Whoever comes last gets all that is left, to the last unit, and no more.
        let rest = shop.free;
        prop_assert!(rest == 0 || shop.spend((2, rest), None));
        prop_assert!(!shop.spend((3, 1), None));
    }
}

#[test]
fn in_a_hot_sale_the_account_that_lends_is_touched_seldom() {
    let mut shop = Shop::new(2_000);
    let mut refills = 0;
    for turn in 0..2_000 {
        let before = shop.chains;
        assert!(shop.spend((1 + turn % 4, 1), None));
        refills += shop.chains - before - 1;
    }
    assert!(refills < 150, "{refills} refills");
    assert!(!shop.spend((1, 1), None));
}

/// The account that is spent from, and what is spent to, by caps and process.
#[test]
fn each_process_spends_what_is_lent_in_rows_of_its_own() {
    let check = |caps: &str, process, expected: &str| {
        let campaign = Campaign {
            lending: Lending::Slices,
            ..campaign(caps)
        };
        let occasion = Occasion {
            store: Some(9),
            ..Shop::occasion(process)
        };
        let of = |one: &Counter| {
            let [from, to] = [one.account.id, one.used.id].map(account_text);
            format!("{from} > {to}")
        };
        let found = counters(&campaign, None, &occasion);
        let told: Vec<String> = found.iter().map(of).collect();
        assert_eq!(told.join(", "), expected, "{caps} at {process}");
    };
    check("campaign money 5", 0, "Budget 1 > DiscountGiven 1.7");
    check("campaign money 5", 3, "Budget 1.3 > DiscountGiven 1.7");
    check(
        "campaign uses 5",
        3,
        "Cap(Campaign, Uses) 1.3 > Used(Campaign, Uses) 1.3",
    );
    check(
        "campaign money 5 day",
        3,
        "Cap(Campaign, Money) 1.3@Day > Used(Campaign, Money) 1.3@Day",
    );
    check(
        "customer uses 5; store uses 5",
        3,
        "Cap(Customer, Uses) 1.7 > Used(Customer, Uses) 1.7, \
         Cap(Store, Uses) 1.9 > Used(Store, Uses) 1.9",
    );
}

/// What was held at one process is posted at another, from the slice that held it.
#[test]
fn what_one_process_held_another_redeems() {
    let mut shop = Shop::new(100);
    assert!(shop.spend((1, 40), Some(9)));
    let campaign = shop.campaign.clone();
    let given = [Given {
        campaign: &campaign,
        voucher: None,
        tier: None,
        discount: 30,
        gift: 0,
        order: OrderCount::default(),
        units: (&[], &[]),
        free_units: 0,
        points: None,
        spent: None,
    }];
    let occasion = Shop::occasion(2);
    let checkout = &Checkout {
        given: &given,
        occasion: &occasion,
        held: &shop.held.clone(),
    };
    let booking = book(&Happening::Redeemed { checkout }, 99);
    let hold = shop.held[0];
    assert_eq!(booking.chain.len(), 1);
    assert_eq!(booking.chain[0].kind, Kind::Post { pending: hold.id });
    assert_eq!(booking.chain[0].debit.party, 1);
    assert!(shop.apply(&booking));
    assert_eq!(
        shop.parts().iter().map(|part| part.available).sum::<u64>(),
        70
    );
}
