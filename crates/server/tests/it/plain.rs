//! What does every call of Voucherify's protocol answer where all is well?

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::Value;
use wire::voucherify::Endpoint;

use crate::{
    everything::{Everything, bytes, endpoint, rows, served_endpoints},
    shop::Shop,
};

const PLAIN: &str = include_str!("plain.txt");
/// What stands for an answer without a body.
const EMPTY: &str = "~";

/// Whether all that is expected is in the answer; what it keeps a name for is learnt.
fn is_in(expected: &Value, answer: &Value, learnt: &mut Vec<(String, Value)>) -> bool {
    match (expected, answer) {
        (Value::Object(expected), Value::Object(answer)) => {
            let mut fields = expected.iter();
            fields.all(|(name, value)| {
                let found = answer.get(name);
                found.is_some_and(|found| is_in(value, found, learnt))
            })
        }
        (Value::Array(expected), Value::Array(answer)) => {
            expected.is_empty() == answer.is_empty()
                && expected.len() <= answer.len()
                && (expected.iter().zip(answer)).all(|(one, other)| is_in(one, other, learnt))
        }
        (Value::String(text), found) => match kept(text) {
            Some(name) => {
                learnt.push((name.to_owned(), found.clone()));
                found.is_string()
            }
            None => expected == found,
        },
        _ => expected == answer,
    }
}

/// The name for which it keeps what stands there.
fn kept(text: &str) -> Option<&str> {
    text.strip_prefix('<')?.strip_suffix('>')
}

#[tokio::test]
async fn every_call_does_what_it_is_for() {
    let shop = Shop::start().await;
    let mut all = Everything::of(&shop).await;
    let (mut tried, mut wrong) = (BTreeSet::new(), Vec::new());
    for (method, path, rest) in rows(PLAIN) {
        let [body, status, expected] = rest.splitn(3, '|').map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("{rest}");
        };
        let path = all.named(path);
        let status: StatusCode = status.parse().unwrap();
        let asked = (method, path.as_str());
        let (found, answer) = all.asks(asked, bytes(&all.named(body))).await;
        let expected = match expected {
            EMPTY => Value::Null,
            text => serde_json::from_str(&all.named(text)).unwrap(),
        };
        let mut learnt = Vec::new();
        match found == status && is_in(&expected, &answer, &mut learnt) {
            true => learnt.iter().for_each(|(name, is)| all.name(name, is)),
            false => wrong.push(format!("{method} {path}: {found} {answer}")),
        }
        let one = endpoint(method, &path);
        tried.insert((one.method, one.shape()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let untried: Vec<Endpoint> = served_endpoints()
        .filter(|one| !tried.contains(&(one.method, one.shape())))
        .collect();
    assert_eq!(untried, [], "calls that are not in the table");
}
