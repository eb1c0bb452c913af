//! What does a decision cost over HTTP, loaded, made, kept on disk and answered? Beside a server
//! that only parses and answers; and with a million customers beside ten thousand.

use serde_json::json;

use crate::{
    cpu::Effort,
    load,
    serving::Served,
    shop,
    table::{Table, Target},
};

const FEW: u64 = 10_000;
const LINES: u64 = 20;
/// Decisions in one measurement. Every customer is asked for at most once, so that all decisions
/// are alike.
const TOGETHER: u64 = 1_500;

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    let rounds = u64::from(effort.repeats.min(5));
    let few = Served::proffer(FEW)?;
    let limit = Served::limit()?;
    let (mut with_few, mut bare) = (Least::new(&few, FEW), Least::new(&limit, FEW));
    for round in 0..=rounds {
        with_few.ask(round)?;
        bare.ask(round)?;
    }
    let name = format!("decide over HTTP, {LINES} lines, beside parse and answer");
    let target = Target::NotYet {
        most: 2.5,
        ceiling: 12.0,
    };
    table.row(&name, with_few.nanos, (bare.nanos, target));
    let many = effort.many(1_000_000, 200_000);
    let more = Served::proffer(many)?;
    let mut with_many = Least::new(&more, many);
    for round in 0..=rounds {
        with_many.ask(round)?;
    }
    let name = format!("… with {many} customers, beside {FEW}");
    let target = Target::AtMostTimes(1.3);
    table.row(&name, with_many.nanos, (with_few.nanos, target));
    Ok(())
}

/// One server's least time per decision.
struct Least<'a> {
    served: &'a Served,
    customers: u64,
    nanos: f64,
}

impl<'a> Least<'a> {
    fn new(served: &'a Served, customers: u64) -> Self {
        Self {
            served,
            customers,
            nanos: f64::INFINITY,
        }
    }

    /// Asks for so many customers, of all ages. The first round only warms.
    fn ask(&mut self, round: u64) -> Result<(), String> {
        let served = self.served;
        let numbers = round * TOGETHER..(round + 1) * TOGETHER;
        // A stride that shares no factor with the number of customers meets each once.
        let customers = numbers.map(|number| number * 7_919 % self.customers);
        let requests: Vec<Vec<u8>> = customers
            .map(|customer| load::post("/v1/decisions", &served.key, &asked(customer)))
            .collect();
        let before = served.cpu();
        let offers = load::drive(&served.address, (&requests, load::SHOPPERS), "\"code\":\"")?;
        let spent = served.cpu() - before;
        // One in ten is held out; whoever else has no offer was not decided for.
        if offers < requests.len() * 8 / 10 {
            return Err(format!("only {offers} of {} got an offer", requests.len()));
        }
        if round > 0 {
            self.nanos = self.nanos.min(spent as f64 / TOGETHER as f64);
        }
        Ok(())
    }
}

fn asked(customer: u64) -> Vec<u8> {
    let line = |number: u64| {
        json!({
            "source_id": format!("sku-{}", 10_000 + customer % 977 + number),
            "related_object": "sku",
            "quantity": 1 + number % 3,
            "price": 1_990 + number,
            "product": { "name": format!("Article {number}"), "metadata": { "category": "shoes" } },
            "metadata": { "colour": "green", "size": 38 + number },
        })
    };
    let lines: Vec<_> = (0..LINES).map(line).collect();
    let body = json!({
        "customer": { "source_id": shop::source_id(customer) },
        "placement": "cart",
        "session": format!("session-{customer}"),
        "context": { "channel": "web", "device": "phone" },
        "order": { "source_id": format!("cart-{customer}"), "items": lines },
    });
    body.to_string().into_bytes()
}
