//! What does a redemption cost the store, a hundred to a transaction, beside the bare statements
//! it needs? And does it cost more after a hundred thousand of the same code?

use std::path::Path;

use ledger::Currency;
use offers::{
    Campaign, CampaignId, Cap, CapUnit, Checkout, Commitment, Given, Happening, Lending, OfferId,
    Period, Reach, Stacking, Validity, Voucher, VoucherId, VoucherKind, book, chart::Occasion,
};
use rules::Condition;
use store::{Command, Expect, Index, Kind, Once, Outcome, ProjectId, Settings, Store, Write};

use crate::{
    bare::Bare,
    cpu::{self, Effort},
    folder::Folder,
    table::{Table, Target},
};

const NOW: i64 = 1_790_000_000_000;
const PROJECT: ProjectId = ProjectId(1);
/// Redemptions in one transaction.
const BATCH: u64 = 100;
/// Transactions in one measurement.
const ROUNDS: u64 = 10;
/// What the log and the caches hold before anything is measured.
const BEFORE: u64 = 40;
/// Codes that everybody may use.
const CODES: u64 = 50;
/// About what the record of a redemption, of its order and its answer come to, in bytes.
const REDEMPTION: usize = 700;
const ORDER: usize = 900;
const ANSWER: usize = 1_800;

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    beside_bare(effort, table)?;
    after_many(effort, table)
}

fn beside_bare(effort: Effort, table: &mut Table) -> Result<(), String> {
    let mut ours = Kept::open("redeeming", CODES)?;
    let mut bare = {
        let folder = Folder::new("redeeming-bare")?;
        drop(open(&folder.file())?);
        Bare::open(folder)?
    };
    ours.redeem(BEFORE)?;
    for number in 0..BEFORE {
        bare.apply(&batch(number, CODES))?;
    }
    let (mut least, mut limit) = (u64::MAX, u64::MAX);
    for round in 0..effort.repeats.into() {
        least = least.min(ours.redeem(ROUNDS)?);
        let batches: Vec<_> = (0..ROUNDS)
            .map(|number| batch(BEFORE + round * ROUNDS + number, CODES))
            .collect();
        let before = cpu::of_this_process();
        for batch in &batches {
            bare.apply(batch)?;
        }
        limit = limit.min(cpu::of_this_process() - before);
    }
    let (least, limit) = (each(least), each(limit));
    let name = "redeem, 100 to a transaction, beside bare SQL";
    table.row(name, least, (limit, Target::AtMostTimes(2.0)));
    Ok(())
}

/// Two stores with as many redemptions: in one all are of one code, in the other a thousand are.
fn after_many(effort: Effort, table: &mut Table) -> Result<(), String> {
    let most = effort.many(100_000, 20_000);
    let mut few = Kept::open("few-uses", most / 1_000)?;
    let mut many = Kept::open("many-uses", 1)?;
    few.redeem(most / BATCH)?;
    many.redeem(most / BATCH)?;
    few.codes = 1;
    let (mut after_few, mut after_many) = (u64::MAX, u64::MAX);
    for _ in 0..effort.repeats.min(5) {
        after_few = after_few.min(few.redeem(ROUNDS)?);
        after_many = after_many.min(many.redeem(ROUNDS)?);
    }
    let name = format!("redeem a code used {most} times, beside 1000 times");
    let target = Target::AtMostTimes(1.2);
    table.row(&name, each(after_many), (each(after_few), target));
    Ok(())
}

fn each(nanos: u64) -> f64 {
    nanos as f64 / (ROUNDS * BATCH) as f64
}

/// A store into which redemptions go.
struct Kept {
    store: Store,
    codes: u64,
    /// Batches so far.
    batches: u64,
    runtime: tokio::runtime::Runtime,
    /// Dropped last.
    _folder: Folder,
}

impl Kept {
    fn open(name: &str, codes: u64) -> Result<Self, String> {
        let folder = Folder::new(name)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        Ok(Self {
            store: open(&folder.file())?,
            codes,
            batches: 0,
            runtime: runtime.map_err(|error| error.to_string())?,
            _folder: folder,
        })
    }

    /// Submits so many batches; nanoseconds of CPU of all threads, without making the commands.
    fn redeem(&mut self, batches: u64) -> Result<u64, String> {
        let mut spent = 0;
        for _ in 0..batches {
            let commands = batch(self.batches, self.codes);
            self.batches += 1;
            let before = cpu::of_this_process();
            let outcomes = self.runtime.block_on(self.store.submit_all(commands));
            spent += cpu::of_this_process() - before;
            let outcomes = outcomes.map_err(|fault| fault.to_string())?;
            if let Some(other) = outcomes.iter().find(|one| **one != Outcome::Applied) {
                return Err(format!("a redemption was not applied: {other:?}"));
            }
        }
        Ok(spent)
    }
}

fn open(path: &Path) -> Result<Store, String> {
    Store::open(path, Settings::default()).map_err(|fault| fault.to_string())
}

/// A hundred customers of whom each uses a code that has a limit, in a campaign with a budget,
/// at most once per customer.
fn batch(number: u64, codes: u64) -> Vec<Command> {
    let campaign = campaign();
    (0..BATCH)
        .map(|place| redemption(&campaign, number * BATCH + place, codes))
        .collect()
}

fn redemption(campaign: &Campaign, number: u64, codes: u64) -> Command {
    let id = (1 << 40) + 3 * number;
    let customer = 1_000_000 + scattered(number) % (1 << 40);
    let voucher = voucher(1 + scattered(number) % codes);
    let occasion = Occasion {
        customer: Some(customer),
        store: None,
        at: NOW,
        order: id,
        process: 0,
    };
    let given = [Given {
        campaign,
        voucher: Some(&voucher),
        discount: 750,
        gift: 0,
        points: None,
        free_units: 0,
    }];
    let checkout = Checkout {
        given: &given,
        occasion: &occasion,
        held: &[],
    };
    let happening = Happening::Redeemed {
        checkout: &checkout,
    };
    let booking = book(&happening, id);
    Command {
        project: PROJECT,
        now: NOW,
        once: Some(Once {
            key: key_of(number),
            fingerprint: key_of(number),
            answer: vec![b'a'; ANSWER],
        }),
        expects: expects(voucher.id),
        openings: booking.openings,
        chain: booking.chain,
        writes: writes(id, (campaign.id.0, voucher.id.0, customer)),
    }
}

/// As at the till: neither the configuration nor the voucher changed meanwhile. There is neither
/// here, which is looked up alike.
fn expects(voucher: VoucherId) -> Vec<Expect> {
    let unchanged = |kind, id| Expect {
        kind,
        id,
        version: 0,
    };
    vec![
        unchanged(Kind::Setting, 1),
        unchanged(Kind::Voucher, voucher.0),
    ]
}

/// The redemption and its order, and where each is found.
fn writes(id: u64, (campaign, voucher, customer): (u64, u64, u64)) -> Vec<Write> {
    let order = id + 1;
    let link = |index: Index, key: u64| Write::Link {
        index,
        key: key.to_be_bytes().to_vec(),
        id,
    };
    vec![
        Write::Put {
            kind: Kind::Redemption,
            id,
            body: vec![b'r'; REDEMPTION],
        },
        link(Index::RedemptionsOfVoucher, voucher),
        link(Index::RedemptionsOfCustomer, customer),
        link(Index::RedemptionsOfOrder, order),
        link(Index::RedemptionsOfCampaign, campaign),
        Write::Put {
            kind: Kind::Order,
            id: order,
            body: vec![b'o'; ORDER],
        },
        Write::Link {
            index: Index::OrderSource,
            key: format!("order-{order}").into_bytes(),
            id: order,
        },
    ]
}

fn campaign() -> Campaign {
    let cap = |reach, unit, limit| Cap {
        reach,
        period: Period::Ever,
        unit,
        limit,
        grant_remainder: false,
    };
    Campaign {
        id: CampaignId(7),
        name: "Welcome".into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        stacking: Stacking::Together,
        priority: 0,
        commitment: Commitment::WhileBudgetLasts,
        currency: Currency(*b"EUR"),
        caps: vec![
            cap(Reach::Campaign, CapUnit::Money, 1_000_000_000_000),
            cap(Reach::Customer, CapUnit::Uses, 1),
        ],
        lending: Lending::Off,
    }
}

fn voucher(id: u64) -> Voucher {
    Voucher {
        id: VoucherId(id),
        code: format!("WELCOME{id}").into(),
        offer: OfferId(8),
        kind: VoucherKind::Discount,
        active: true,
        validity: Validity::default(),
        quantity: Some(1_000_000_000),
        holder: None,
    }
}

/// A number for a number, one to one, all over the place (Steele, Lea and Flood 2014, SplitMix64).
fn scattered(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn key_of(number: u64) -> [u8; 16] {
    let (high, low) = (scattered(number), scattered(!number));
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}
