//! How many events does a CPU second take in, storage included? Beside a server that only parses
//! the same bytes.

use serde_json::Value;

use crate::{
    cpu::Effort,
    load, requests,
    serving::Served,
    table::{Table, Target},
};

const CUSTOMERS: u64 = 2_000;
/// Events in one call.
const BATCH: u64 = 500;
/// It takes 17 to 23 times as long as parsing, on fast machines and on slow ones.
const CEILING: f64 = 40.0;
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
    let target = Target::PerSecond {
        least: 20_000.0,
        ceiling: CEILING,
    };
    table.row(&name, least, (bare, target));
    Ok(())
}

/// Nanoseconds per event.
fn send(served: &Served, round: u64) -> Result<f64, String> {
    let requests: Vec<Vec<u8>> = (round * CALLS..(round + 1) * CALLS)
        .map(|call| requests::post("/v1/batch", &served.key, &batch(call)))
        .collect();
    let before = served.cpu();
    load::drive(&served.address, (&requests, load::COLLECTORS), "success")?;
    Ok((served.cpu() - before) as f64 / (CALLS * BATCH) as f64)
}

fn batch(call: u64) -> Vec<u8> {
    let events: Vec<Value> = (call * BATCH..(call + 1) * BATCH).map(event).collect();
    requests::batch(&events)
}

/// As a browser that kept it for a while sends it.
fn event(number: u64) -> Value {
    let mut event = requests::event(number, CUSTOMERS);
    let at = FROM + number.cast_signed() * 700;
    if let Some(event) = event.as_object_mut() {
        event.insert("timestamp".into(), at_text(at).into());
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
