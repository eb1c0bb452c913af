//! What does a redemption cost the store, a hundred to a transaction, beside the bare statements
//! it needs, on SQLite and on PostgreSQL? And does it cost more after a hundred thousand of the
//! same code?

use std::path::Path;

use cluster::Cluster;
use ledger::Currency;
use offers::{
    Asking, Benefit, Campaign, CampaignId, Cap, CapUnit, Checkout, Commitment, Gave, Given,
    Happening, Lending, Offer, OfferId, OrderCount, Period, Presented, Priced, PricedLine, Reach,
    Redeemable, Scope, Share, Spread, Stacking, StackingRules, Validity, Voucher, VoucherId,
    VoucherKind, book, chart::Occasion,
};
use rules::{Condition, Facts, Reads};
use serde_json::json;
use server::{
    checkout::{
        Counts, Earlier, OrderUse, PutBack, Redemption, RedemptionState, Sale, StoredOrder, Used,
        UsedVoucher,
    },
    compact::Compact,
    once,
    problem::Refused,
};
use store::{Audit, Command, Expect, Kind, Outcome, ProjectId, Settings, Store, Write};
use tokio::runtime::Runtime;
use wire::voucherify::{OrderInput, order_to_domain};

use crate::{
    bare::Bare,
    bare_postgres,
    cpu::{self, Effort, Family},
    folder::Folder,
    table::{Table, Target},
};

const NOW: i64 = 1_790_000_000_000;
const EUR: Currency = Currency(*b"EUR");
const PROJECT: ProjectId = ProjectId(1);
/// Redemptions in one transaction.
const BATCH: u64 = 100;
/// Transactions in one measurement.
const ROUNDS: u64 = 10;
/// What the log and the caches hold before anything is measured.
const BEFORE: u64 = 40;
/// Codes that everybody may use.
const CODES: u64 = 50;

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    beside_bare(effort, table)?;
    beside_bare_on_postgres(effort, table)?;
    after_many(effort, table)
}

fn beside_bare(effort: Effort, table: &mut Table) -> Result<(), String> {
    let mut ours = Shelf::open("redeeming", CODES)?;
    let mut bare = {
        let folder = Folder::new("redeeming-bare")?;
        drop(open(&folder.file())?);
        Bare::open(folder)?
    };
    ours.redeem(BEFORE)?;
    for number in 0..BEFORE {
        bare.apply(&batch(number, CODES)?)?;
    }
    let (mut least, mut limit) = (u64::MAX, u64::MAX);
    for round in 0..effort.repeats.into() {
        least = least.min(ours.redeem(ROUNDS)?);
        let batches: Vec<_> = (0..ROUNDS)
            .map(|number| batch(BEFORE + round * ROUNDS + number, CODES))
            .collect::<Result<_, _>>()?;
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

/// What the database's processes take. Each side has a cluster, so that what a cluster does by
/// itself counts where it belongs.
fn beside_bare_on_postgres(effort: Effort, table: &mut Table) -> Result<(), String> {
    if cluster::installed()?.is_none() {
        return Ok(());
    }
    let (theirs, its) = (Cluster::new("")?, Cluster::new("")?);
    let mut ours = Shelf::connect(&theirs.database("ours")?, CODES)?;
    let url = its.database("bare")?;
    // Makes the tables.
    let mut shelf = Shelf::connect(&url, CODES)?;
    let bare = shelf.runtime.block_on(bare_postgres::Bare::connect(&url))?;
    let mut apply = |batches: u64| -> Result<(), String> {
        for _ in 0..batches {
            let commands = batch(shelf.batches, CODES)?;
            shelf.batches += 1;
            shelf.runtime.block_on(bare.apply(&commands))?;
        }
        Ok(())
    };
    ours.redeem(BEFORE)?;
    apply(BEFORE)?;
    let (mut least, mut limit) = (u64::MAX, u64::MAX);
    for _ in 0..effort.repeats {
        let redeem = || ours.redeem(ROUNDS).map(drop);
        least = least.min(of_cluster(&theirs, redeem)?);
        limit = limit.min(of_cluster(&its, || apply(ROUNDS))?);
    }
    if ours.audit()? != shelf.audit()? {
        return Err("the bare statements came to other books".into());
    }
    let name = "… on PostgreSQL: CPU of the database, beside bare SQL";
    table.row(name, each(least), (each(limit), Target::AtMostTimes(2.0)));
    Ok(())
}

/// Nanoseconds of CPU of all its processes.
fn of_cluster(cluster: &Cluster, work: impl FnOnce() -> Result<(), String>) -> Result<u64, String> {
    let process = cluster.process()?;
    let before = Family::of(process);
    work()?;
    Ok(Family::of(process).since(&before))
}

/// Two stores with as many redemptions: in one all are of one code, in the other a thousand are.
fn after_many(effort: Effort, table: &mut Table) -> Result<(), String> {
    let most = effort.many(100_000, 20_000);
    let mut few = Shelf::open("few-uses", most / 1_000)?;
    let mut many = Shelf::open("many-uses", 1)?;
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
struct Shelf {
    store: Store,
    codes: u64,
    /// Batches so far.
    batches: u64,
    runtime: Runtime,
    /// Dropped last; none where a database has the rows.
    _folder: Option<Folder>,
}

impl Shelf {
    fn open(name: &str, codes: u64) -> Result<Self, String> {
        let folder = Folder::new(name)?;
        let store = open(&folder.file())?;
        Self::of((store, Some(folder)), runtime()?, codes)
    }

    fn connect(url: &str, codes: u64) -> Result<Self, String> {
        let runtime = runtime()?;
        let store = runtime.block_on(Store::connect(url, Settings::default()));
        let store = store.map_err(|fault| fault.to_string())?;
        Self::of((store, None), runtime, codes)
    }

    /// With the records that the commands expect.
    fn of(
        (store, folder): (Store, Option<Folder>),
        runtime: Runtime,
        codes: u64,
    ) -> Result<Self, String> {
        let shelf = Self {
            store,
            codes,
            batches: 0,
            runtime,
            _folder: folder,
        };
        let made = shelf.store.submit_all(vec![expected(codes)]);
        let made = shelf.runtime.block_on(made);
        made.map_err(|fault| fault.to_string())?;
        Ok(shelf)
    }

    /// How the books stand, which balance.
    fn audit(&self) -> Result<Audit, String> {
        let audit = self.runtime.block_on(self.store.audit());
        let audit = audit.map_err(|fault| fault.to_string())?;
        match audit.is_clean() {
            true => Ok(audit),
            false => Err(format!("the books do not balance: {:?}", audit.findings)),
        }
    }

    /// Submits so many batches; nanoseconds of CPU of all threads, without making the commands.
    fn redeem(&mut self, batches: u64) -> Result<u64, String> {
        let mut spent = 0;
        for _ in 0..batches {
            let commands = batch(self.batches, self.codes)?;
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

fn runtime() -> Result<Runtime, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(|error| error.to_string())
}

fn open(path: &Path) -> Result<Store, String> {
    Store::open(path, Settings::default()).map_err(|fault| fault.to_string())
}

/// A hundred customers of whom each uses a code that has a limit, in a campaign with a budget,
/// at most once per customer.
fn batch(number: u64, codes: u64) -> Result<Vec<Command>, String> {
    let campaign = campaign();
    (0..BATCH)
        .map(|place| redemption(&campaign, number * BATCH + place, codes))
        .collect()
}

/// One command, as the till makes it: what is kept is written by the server's own words.
fn redemption(campaign: &Campaign, number: u64, codes: u64) -> Result<Command, String> {
    let id = (1 << 40) + 3 * number;
    let customer = 1_000_000 + scattered(number) % (1 << 40);
    let voucher = voucher(1 + scattered(number) % codes);
    let occasion = Occasion {
        customer: Some(customer),
        at: NOW,
        order: id,
        ..Occasion::default()
    };
    let given = [Given {
        campaign,
        voucher: Some(&voucher),
        tier: None,
        discount: 750,
        gift: 0,
        order: OrderCount::default(),
        points: None,
        units: (&[], &[]),
        free_units: 0,
        spent: None,
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
    let key = once::Key::of_source(PROJECT, ("redeem", &number.to_string()), b"");
    let kept = Kept {
        id,
        customer,
        campaign,
        voucher: &voucher,
    };
    Ok(Command {
        project: PROJECT,
        now: NOW,
        once: Some(key.once_of(id)),
        expects: expects(voucher.id),
        openings: booking.openings,
        chain: booking.chain,
        writes: kept.writes().map_err(|error| format!("{error:?}"))?,
    })
}

/// The configuration, and so many vouchers. What they say is never read.
fn expected(codes: u64) -> Command {
    let put = |kind, id| Write::Put {
        kind,
        id,
        body: Vec::new(),
    };
    let vouchers = (1..=codes).map(|id| put(Kind::Voucher, id));
    Command {
        project: PROJECT,
        now: NOW,
        once: None,
        expects: Vec::new(),
        openings: Vec::new(),
        chain: Vec::new(),
        writes: vouchers.chain([put(Kind::Setting, 1)]).collect(),
    }
}

/// As at the till: neither the configuration nor the voucher changed meanwhile.
fn expects(voucher: VoucherId) -> Vec<Expect> {
    let unchanged = |kind, id| Expect {
        kind,
        id,
        version: 1,
    };
    vec![
        unchanged(Kind::Setting, 1),
        unchanged(Kind::Voucher, voucher.0),
    ]
}

/// What a redemption keeps.
struct Kept<'a> {
    id: u64,
    customer: u64,
    campaign: &'a Campaign,
    voucher: &'a Voucher,
}

impl Kept<'_> {
    fn writes(&self) -> Result<Vec<Write>, Refused> {
        let source = format!("order-{}", self.id);
        let redemption = self.redemption(&source)?;
        let mut writes = redemption.writes(Some(self.campaign.id))?;
        writes.extend(self.order().writes(Some(&source))?);
        Ok(writes)
    }

    fn redemption(&self, source: &str) -> Result<Redemption, Refused> {
        let input = order_sent(source).map_err(|error| Refused::Fault(error.to_string()))?;
        let priced = self.priced(&input)?;
        Ok(Redemption {
            id: self.id,
            parent: None,
            children: Vec::new(),
            order: Some(self.id + 1),
            customer: Some(self.customer),
            redeemable: Some(Redeemable::Voucher(self.voucher.id)),
            decision: None,
            gave: Gave {
                shares: priced.lines.iter().map(share).collect(),
                ..Gave::default()
            },
            state: RedemptionState::Succeeded,
            rollbacks: Vec::new(),
            used: Used::Voucher(Box::new(self.voucher()?)),
            sale: Some(Box::new(Sale {
                input: Compact::of(&input)?,
                priced,
                date: NOW,
                tracking_id: None,
                metadata: Compact::default(),
                session: None,
                created_at: None,
                earlier: Vec::new(),
                skipped: Compact::default(),
                inapplicable: Compact::default(),
            })),
        })
    }

    fn priced(&self, input: &OrderInput) -> Result<Priced, Refused> {
        let order = order_to_domain(input, EUR, &Reads::nothing());
        let order = order.map_err(|wrong| Refused::Fault(format!("{wrong:?}")))?;
        let asking = Asking {
            customer: Some(self.customer),
            now: NOW,
        };
        let offer = offer();
        let presented = Presented {
            redeemable: Redeemable::Voucher(self.voucher.id),
            offer: &offer,
            campaign: self.campaign,
            voucher: Some(self.voucher),
            category: None,
            own: Facts::NONE,
            at_most: None,
            units: None,
        };
        Ok(offers::quote(
            &order,
            &Facts::default(),
            vec![presented],
            (asking, &StackingRules::usual()),
        )
        .priced)
    }

    fn voucher(&self) -> Result<UsedVoucher, Refused> {
        Ok(UsedVoucher {
            voucher: self.voucher.clone(),
            holder: None,
            refers: false,
            campaign: Some((self.campaign.id, self.campaign.name.as_ref().into())),
            benefit: offer().benefit,
            formula: None,
            is_on_lines: false,
            category: None,
            category_id: None,
            additional_info: None,
            metadata: Compact::default(),
            counts: Counts {
                used: 1_000,
                ..Counts::default()
            },
            created_at: NOW,
            updated_at: None,
        })
    }

    fn order(&self) -> StoredOrder {
        let used = vec![Redeemable::Voucher(self.voucher.id)];
        StoredOrder {
            id: self.id + 1,
            customer: Some(self.customer),
            uses: vec![OrderUse {
                earlier: Earlier {
                    redemption: self.id,
                    stacked: Vec::new(),
                    date: NOW,
                    rollback: None,
                    rollback_stacked: Vec::new(),
                },
                asked: used.clone(),
                redeemables: used,
                discount: 750,
                back: PutBack::default(),
                is_undone: false,
            }],
            said: None,
            created_at: NOW,
            updated_at: None,
        }
    }
}

fn share(line: &PricedLine) -> Share {
    Share {
        units: line.quantity,
        amount: line.order_share,
        ..Share::default()
    }
}

/// An order as the sandbox's shop sends it: two kinds of goods, and their delivery.
fn order_sent(source: &str) -> Result<OrderInput, serde_json::Error> {
    let goods = |sku: &str, quantity: u64, price: u64| {
        json!({
            "source_id": sku, "related_object": "product", "quantity": quantity, "price": price,
            "product": {"metadata": {"category": "shoes", "brand": "Hill", "unit_cost": 1_700}}
        })
    };
    let delivery = json!({"product_id": "prod_5h1pp1ng", "quantity": 1, "price": 490});
    let sent = json!({
        "source_id": source,
        "items": [goods("sku-0417", 1, 4_990), goods("sku-1033", 2, 1_290), delivery],
        "currency": "EUR"
    });
    serde_json::from_value(sent)
}

fn offer() -> Offer {
    Offer {
        id: OfferId(8),
        campaign: CampaignId(7),
        name: "Welcome".into(),
        benefit: Benefit::AmountOff {
            amount: 750,
            spread: Spread::Order,
        },
        formula: None,
        scope: Scope::Order,
        rule: Condition::Always,
        validity: Validity::default(),
        active: true,
        is_tier: false,
        priority: 0,
        after: Condition::Always,
        bundle: None,
        grant_ms: 0,
    }
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
        after: Condition::Always,
        zone: offers::Zone::UTC,
        stacking: Stacking::Together,
        priority: 0,
        commitment: Commitment::WhileBudgetLasts,
        currency: EUR,
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
