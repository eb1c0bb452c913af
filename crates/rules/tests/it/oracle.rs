//! Does the interpreter of the `cel` crate, given the same text, say the same?

use std::{collections::HashMap, sync::Arc};

use cel::{Context, ExecutionError, Program, Value as CelValue, extractors::This, objects::Key};
use rules::{Facts, Value, Verdict};

use crate::generate::{Dice, condition, facts};

const CONDITIONS: u64 = 1_300;
const FACTS_EACH: usize = 80;

/// One interpreter's context for one set of facts: dotted paths become nested maps.
fn context(facts: &Facts) -> Context<'static, 'static> {
    let mut roots: Vec<(&str, HashMap<Key, CelValue>)> = Vec::new();
    let mut context = Context::default();
    fold(&mut context, "sum", |all| {
        all.into_iter().try_fold(0_i64, i64::checked_add)
    });
    fold(&mut context, "min", |all| all.into_iter().min());
    fold(&mut context, "max", |all| all.into_iter().max());
    for root in ["customer", "order"] {
        let mut map = nested(facts, root);
        if root == "order" && facts.knows_lines() {
            let lines: Vec<CelValue> = facts
                .lines()
                .iter()
                .map(|line| nested(line, "line").into())
                .collect();
            map.insert("lines".into(), lines.into());
        }
        roots.push((root, map));
    }
    for (root, map) in roots {
        context.add_variable_from_value(root, map);
    }
    context
}

/// Of lists of whole numbers; no part of CEL itself, but what libraries for it commonly call so.
fn fold(
    context: &mut Context<'static, 'static>,
    name: &'static str,
    number: fn(Vec<i64>) -> Option<i64>,
) {
    let fold = move |This(of): This<Arc<Vec<CelValue>>>| {
        let int = |value: &CelValue| match value {
            CelValue::Int(number) => Some(*number),
            _ => None,
        };
        let all: Option<Vec<i64>> = of.iter().map(int).collect();
        let none = || ExecutionError::function_error(name, "no number");
        all.and_then(number).map(CelValue::Int).ok_or_else(none)
    };
    context.add_function(name, fold).unwrap();
}

/// The facts under one root; `customer.metadata` and `customer.trait` are maps even when empty.
fn nested(facts: &Facts, root: &str) -> HashMap<Key, CelValue> {
    let mut map: HashMap<Key, CelValue> = HashMap::new();
    let mut inner: HashMap<&str, HashMap<Key, CelValue>> =
        HashMap::from([("metadata", HashMap::new()), ("trait", HashMap::new())]);
    for (path, value) in facts.iter() {
        let Some(rest) = path
            .as_str()
            .strip_prefix(root)
            .and_then(|rest| rest.strip_prefix('.'))
        else {
            continue;
        };
        match rest.split_once('.') {
            Some((middle, last)) => {
                inner
                    .get_mut(middle)
                    .unwrap()
                    .insert(last.into(), cel_value(value));
            }
            None => {
                map.insert(rest.into(), cel_value(value));
            }
        }
    }
    map.extend(
        inner
            .into_iter()
            .map(|(name, inner)| (name.into(), inner.into())),
    );
    map
}

fn cel_value(value: &Value) -> CelValue {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Text(text) => text.to_string().into(),
        Value::Time(at) => {
            let at = chrono::DateTime::from_timestamp_millis(*at).unwrap();
            CelValue::Timestamp(at.fixed_offset())
        }
        Value::Duration(span) => CelValue::Duration(chrono::Duration::milliseconds(*span)),
        Value::Fraction(number) => number.to_string().parse::<f64>().unwrap().into(),
        Value::List(items) => items.iter().map(cel_value).collect::<Vec<_>>().into(),
    }
}

#[test]
fn cel_oracle_agrees() {
    let (mut pairs, mut unknown, mut met) = (0, 0, 0);
    let moments: Vec<_> = (0..400)
        .map(|seed| facts(&mut Dice::new(seed)))
        .map(|facts| (context(&facts), facts))
        .collect();
    for seed in 0..CONDITIONS {
        let mut dice = Dice::new(seed);
        let condition = condition(&mut dice);
        let text = condition.to_string();
        let program = Program::compile(&text).unwrap();
        for _ in 0..FACTS_EACH {
            let (context, facts) = &moments[dice.below(moments.len())];
            let ours = condition.evaluate(facts);
            let theirs = program.execute(context);
            let same = matches!(
                (&ours, &theirs),
                (Verdict::Met, Ok(CelValue::Bool(true)))
                    | (Verdict::NotMet(_), Ok(CelValue::Bool(false)))
                    | (Verdict::Unknown(_), Err(_))
            );
            assert!(same, "{text}\n{facts:?}\nours {ours:?}\ntheirs {theirs:?}");
            pairs += 1;
            unknown += usize::from(matches!(ours, Verdict::Unknown(_)));
            met += usize::from(ours.is_met());
        }
    }
    // The comparison means something only when all three answers are common.
    assert!(
        pairs >= 100_000 && unknown > pairs / 10 && met > pairs / 10,
        "{unknown} {met}"
    );
}
