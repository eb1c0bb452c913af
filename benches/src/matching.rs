//! Which of ten thousand, of a hundred thousand rules does a context meet? Beside a scan of the
//! same typed programs.

use rules::{Condition, Facts, Index, Value, parse};
use simulation::Chance;

use crate::{
    cpu::Effort,
    table::{Table, Target},
};

const CONTEXTS: u32 = 64;

pub fn run(effort: Effort, table: &mut Table) -> Result<(), String> {
    for (count, micros) in [(1_000, 3.0), (10_000, 3.0), (100_000, 40.0)] {
        let index = Index::build((0..count).map(|number| (number, condition(number))));
        let contexts: Vec<Facts> = (0..CONTEXTS).map(context).collect();
        let encoded: Vec<_> = contexts.iter().map(|facts| index.encode(facts)).collect();
        let mut met = Vec::new();
        let matched = effort.least(u64::from(CONTEXTS), || {
            for one in &encoded {
                index.matches_into(one, &mut met);
                std::hint::black_box(&met);
            }
        });
        let scanned = effort.least(u64::from(CONTEXTS), || {
            for one in &encoded {
                std::hint::black_box(index.scan(one));
            }
        });
        let name = format!("match one context against {count} conditions");
        table.row(&name, matched, (scanned, Target::AtMostMicros(micros)));
        if count >= 10_000 {
            let name = format!("… {count}, beside a scan of the same programs");
            table.row(&name, matched, (scanned, Target::FasterBy(30.0)));
        }
        if count == 10_000 {
            let encoding = effort.least(u64::from(CONTEXTS), || {
                for facts in &contexts {
                    std::hint::black_box(index.encode(facts));
                }
            });
            table.row(
                "encode one context",
                encoding,
                (matched, Target::AtMostMicros(5.0)),
            );
        }
    }
    Ok(())
}

const TIERS: [&str; 4] = ["none", "silver", "gold", "platinum"];
const CHANNELS: [&str; 3] = ["web", "app", "store"];

/// One to seven tests over tier, countries, segments, categories, amounts, channel, stores.
pub fn condition(number: u32) -> Condition {
    let chance = Chance::new(1);
    let pick = |bound: u64, question: u32| chance.below(bound, (number, 0, question));
    let mut tests = vec![match pick(3, 1) {
        0 => format!("context.store == \"s{}\"", pick(500, 2)),
        1 => format!("\"seg{}\" in customer.segments", pick(2_000, 3)),
        _ => format!("\"cat{}\" in customer.categories", pick(300, 4)),
    }];
    let more = [
        format!(
            "customer.tier == \"{}\"",
            TIERS.get(pick(4, 5) as usize).unwrap_or(&"none")
        ),
        format!(
            "customer.country in [\"c{}\", \"c{}\"]",
            pick(30, 6),
            pick(30, 7)
        ),
        format!("order.amount >= {}", 1_000 * (1 + pick(20, 8))),
        format!(
            "context.channel == \"{}\"",
            CHANNELS.get(pick(3, 9) as usize).unwrap_or(&"web")
        ),
        format!("customer.orders >= {}", pick(5, 10)),
        format!("customer.is_first_order == {}", pick(2, 11) == 0),
    ];
    let chosen = more
        .into_iter()
        .zip(20..)
        .filter(|(_, question)| pick(2, *question) == 0);
    tests.extend(chosen.map(|(test, _)| test));
    parse(&tests.join(" && ")).unwrap_or(Condition::Always)
}

/// Twenty segments and eight categories.
pub fn context(number: u32) -> Facts {
    let chance = Chance::new(2);
    let pick = |bound: u64, question: u32| chance.below(bound, (number, 0, question));
    let list = |prefix: &str, bound: u64, questions: std::ops::Range<u32>| {
        let names = questions.map(|q| Value::from(format!("{prefix}{}", pick(bound, q)).as_str()));
        Value::List(names.collect())
    };
    let mut facts = Facts::default();
    facts.set("customer.segments", list("seg", 2_000, 100..120));
    facts.set("customer.categories", list("cat", 300, 200..208));
    facts.set("context.store", format!("s{}", pick(500, 1)).as_str());
    facts.set(
        "customer.tier",
        TIERS.get(pick(4, 2) as usize).copied().unwrap_or("none"),
    );
    facts.set("customer.country", format!("c{}", pick(30, 3)).as_str());
    facts.set("order.amount", 1_000 * pick(25, 4).cast_signed());
    facts.set(
        "context.channel",
        CHANNELS.get(pick(3, 5) as usize).copied().unwrap_or("web"),
    );
    facts.set("customer.orders", pick(10, 6).cast_signed());
    facts.set("customer.is_first_order", pick(2, 7) == 0);
    facts
}
