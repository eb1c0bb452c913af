//! Validation rules as our conditions, caps and lines.

use offers::{Cap, CappedGoods, Pick, UnitCap};
use wire::voucherify::{RuleInput, Translated, translate};

#[test]
fn rules_mean_what_they_say() {
    crate::check(include_str!("rows/rules.txt"), |body| {
        let found = wire::parse::<RuleInput>(body.as_bytes()).and_then(|rule| translate(&rule));
        found.map_or_else(|wrong| wrong.to_string(), |translated| told(&translated))
    });
}

fn told(translated: &Translated) -> String {
    let condition = translated.condition.iter().map(ToString::to_string);
    let caps = translated.caps.iter().map(
        |Cap {
             reach,
             period,
             unit,
             limit,
             ..
         }| { format!("{limit} {unit:?} {reach:?} {period:?}") },
    );
    let lines = translated
        .lines
        .iter()
        .map(|lines| format!("lines: {}{}", lines.of, picks(&lines.picks)));
    let after = translated.after.iter().map(|after| format!("then {after}"));
    let bundle = translated.bundle.iter().map(|bundle| {
        let parts = bundle.parts.iter();
        let parts = parts.map(|part| format!("{} {:?} {}", part.units, part.kind, part.name));
        let parts: Vec<String> = parts.collect();
        format!("sets of {}, {} at most", parts.join(" and "), bundle.most)
    });
    condition
        .chain(after)
        .chain(bundle)
        .chain(caps)
        .chain(lines)
        .collect::<Vec<_>>()
        .join("; ")
}

fn picks(picks: &[Pick]) -> String {
    let told = |pick: &Pick| {
        let mut told = format!("{:?} {:?}", pick.visits, pick.counts);
        if (pick.every, pick.skip) != (1, 0) {
            told += &format!(" every {} skip {}", pick.every, pick.skip);
        }
        let limits = pick.limits;
        if let (Some(one), Some(all), Some(of_one), Some(of_all)) = (
            limits.units_of_line,
            limits.units,
            limits.money_of_line,
            limits.money,
        ) {
            told += &format!(" (units {one} of a line, {all} in all; money {of_one}, {of_all})");
        }
        told += &unit_caps(&pick.unit_caps);
        told + &pick
            .price
            .map_or(String::new(), |price| format!(" at {price}"))
    };
    let all: Vec<String> = picks.iter().map(told).collect();
    match all.is_empty() {
        true => String::new(),
        false => format!(", picked {}", all.join("; ")),
    }
}

fn unit_caps(caps: &[UnitCap]) -> String {
    let told = |cap: &UnitCap| {
        let goods = match &cap.goods {
            CappedGoods::Product(name) => name.to_string(),
            CappedGoods::EachIn(name) => format!("each in {name}"),
        };
        format!("{} of {goods} by {:?}", cap.limit, cap.reach)
    };
    let all: Vec<String> = caps.iter().map(told).collect();
    match all.is_empty() {
        true => String::new(),
        false => format!(" ({})", all.join(", ")),
    }
}
