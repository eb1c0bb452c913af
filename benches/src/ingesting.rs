//! How many events does a CPU second take in, storage included? Beside a server that only parses
//! the same bytes.

use serde_json::{Value, json};
use simulation::Chance;

use crate::{
    cpu::Effort,
    load,
    serving::Served,
    shop,
    table::{Table, Target},
};

const CUSTOMERS: u64 = 2_000;
/// Events in one call.
const BATCH: u64 = 500;
/// Calls in one measurement.
const CALLS: u64 = 24;
/// 2026-09-21T14:00:00Z, when these events begin.
const FROM: i64 = 1_790_000_000_000;

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    let served = Served::proffer(CUSTOMERS)?;
    let limit = Served::limit()?;
    let (mut least, mut bare) = (f64::INFINITY, f64::INFINITY);
    for round in 0..=u64::from(effort.repeats.min(5)) {
        let ours = send(&served, round)?;
        let theirs = send(&limit, round)?;
        if round > 0 {
            (least, bare) = (least.min(ours), bare.min(theirs));
        }
    }
    let name = format!("take in an event, {BATCH} to a call, beside parsing");
    table.row(&name, least, (bare, Target::PerSecond(20_000.0)));
    Ok(())
}

/// Nanoseconds per event.
fn send(served: &Served, round: u64) -> Result<f64, String> {
    let requests: Vec<Vec<u8>> = (round * CALLS..(round + 1) * CALLS)
        .map(|call| load::post("/v1/batch", &served.key, &batch(call)))
        .collect();
    let before = served.cpu();
    load::drive(&served.address, (&requests, load::COLLECTORS), "success")?;
    Ok((served.cpu() - before) as f64 / (CALLS * BATCH) as f64)
}

fn batch(call: u64) -> Vec<u8> {
    let events: Vec<Value> = (0..BATCH)
        .map(|place| event(call * BATCH + place))
        .collect();
    json!({ "batch": events }).to_string().into_bytes()
}

/// Six of ten are looks, three are pages, one is an order.
fn event(number: u64) -> Value {
    let chance = Chance::new(4);
    let pick = |bound: u64, question: u32| chance.below(bound, (number as u32, 0, question));
    let at = FROM + number.cast_signed() * 700;
    let product = |question: u32| {
        json!({
            "product_id": format!("p-{}", pick(500, question)),
            "sku": format!("sku-{}", pick(500, question)),
            "category": format!("Category {}", pick(12, question + 1)),
            "brand": format!("Brand {}", pick(20, question + 2)),
            "name": "Shoe with laces", "price": 49.95, "quantity": 1, "currency": "EUR",
        })
    };
    let (kind, name, properties) = match pick(10, 1) {
        0 => {
            let products = [product(10), product(20)];
            let order = json!({
                "order_id": format!("order-{number}"), "total": 99.90, "discount": 5,
                "currency": "EUR", "products": products,
            });
            ("track", "Order Completed", order)
        }
        1..4 => (
            "page",
            "Home",
            json!({ "url": "https://shop.example/", "title": "Shop" }),
        ),
        _ => ("track", "Product Viewed", product(10)),
    };
    let mut event = json!({
        "type": kind,
        "messageId": format!("ajs-next-{number:032x}"),
        "userId": shop::source_id(pick(CUSTOMERS, 2)),
        "timestamp": at_text(at),
        "properties": properties,
        "context": {
            "library": { "name": "analytics.js", "version": "next-1.70.0" },
            "page": { "path": "/", "url": "https://shop.example/" },
            "locale": "nl-NL",
        },
    });
    if let Some(event) = event.as_object_mut() {
        let place = if kind == "page" { "name" } else { "event" };
        event.insert(place.into(), name.into());
    }
    event
}

/// RFC 3339 of a moment on the day on which the events begin, or on one of the days after.
fn at_text(at: i64) -> String {
    const DAY: i64 = 86_400_000;
    let (day, of_day) = (at / DAY, at % DAY);
    let days = day - FROM / DAY;
    let second = of_day / 1_000;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let date = 21 + days;
    format!(
        "2026-09-{date:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z",
        of_day % 1_000
    )
}
