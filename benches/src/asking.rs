//! What does a decision cost over HTTP, loaded, made, kept on disk and answered? Beside a server
//! that only parses and answers; and with a million customers beside ten thousand.
//!
//! A shopper looks at two pages: on the first they are given a code of their own, which is written
//! with its place in the books; on the second nothing, because they have one. So half of the
//! decisions promise something, as in the demo's ninety days (13,165 of 25,732). What the dearer
//! half costs by itself stands beside it.

use crate::{
    cpu::Effort,
    load,
    requests::{self, LINES},
    serving::Served,
    table::{Table, Target},
};

const FEW: u64 = 10_000;
/// Decisions in one measurement. No customer comes again in another one, so that all measurements
/// are alike.
const TOGETHER: u64 = 1_500;
/// Pages a shopper looks at.
const PAGES: u64 = 2;
/// The same program costs 2.8 times the limit on a quiet machine, and 3.6 times where each is given
/// a code; where memory is slower than arithmetic, 4.9 and 5.5 times.
const NOT_YET: Target = Target::NotYet {
    most: 2.5,
    ceiling: 8.0,
};

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    let rounds = u64::from(effort.repeats.min(5));
    let limit = Served::limit()?;
    let mut bare = Least::new(&limit, (FEW, PAGES));
    let few = measured((FEW, PAGES), rounds, &mut bare)?;
    let name = format!("decide over HTTP, {LINES} lines, half given a code");
    table.row(&name, few, (bare.nanos, NOT_YET));
    // The dearest there is: the first of a customer, who is enrolled and given a code.
    let first = measured((FEW, 1), rounds, &mut bare)?;
    table.row("… each given a code", first, (bare.nanos, NOT_YET));
    let many = effort.many(1_000_000, 200_000);
    let more = measured((many, PAGES), rounds, &mut bare)?;
    let name = format!("… half, with {many} customers, beside {FEW}");
    let target = Target::AtMostTimes(1.3);
    table.row(&name, more, (few, target));
    Ok(())
}

/// The least time of a decision for one of so many customers who look at so many pages, asked by
/// turns with the limit.
fn measured(shoppers: (u64, u64), rounds: u64, bare: &mut Least<'_>) -> Result<f64, String> {
    let served = Served::proffer(shoppers.0)?;
    let mut least = Least::new(&served, shoppers);
    for round in 0..=rounds {
        least.ask(round)?;
        bare.ask(round)?;
    }
    Ok(least.nanos)
}

/// One server's least time per decision.
struct Least<'a> {
    served: &'a Served,
    customers: u64,
    /// Pages that each of them looks at.
    pages: u64,
    nanos: f64,
}

impl<'a> Least<'a> {
    fn new(served: &'a Served, (customers, pages): (u64, u64)) -> Self {
        Self {
            served,
            customers,
            pages,
            nanos: f64::INFINITY,
        }
    }

    /// Asks for so many customers, of all ages. The first round only warms.
    fn ask(&mut self, round: u64) -> Result<(), String> {
        let (served, pages) = (self.served, self.pages);
        let shoppers = TOGETHER / pages;
        let numbers = round * shoppers..(round + 1) * shoppers;
        // A stride that shares no factor with the number of customers meets each once.
        let customers = numbers.map(|number| number * 7_919 % self.customers);
        let requests: Vec<Vec<u8>> = customers
            .flat_map(|customer| (0..pages).map(move |page| (customer, page)))
            .map(|asker| requests::post("/v1/decisions", &served.key, &requests::decision(asker)))
            .collect();
        let before = served.cpu();
        let offers = load::drive(&served.address, (&requests, load::SHOPPERS), "\"offer\":{")?;
        let spent = served.cpu() - before;
        // One in ten is held out; whoever else has no offer at first was not decided for.
        let shoppers = shoppers as usize;
        if !(shoppers * 8 / 10..=shoppers).contains(&offers) {
            return Err(format!("{offers} offers to {shoppers} shoppers"));
        }
        if round > 0 {
            self.nanos = self.nanos.min(spent as f64 / requests.len() as f64);
        }
        Ok(())
    }
}
