//! What does every call of Voucherify's protocol say to what is not there, and to the worst that
//! may be sent to it?

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::Value;
use wire::voucherify::Endpoint;

use crate::{
    everything::{Everything, bytes, endpoint, rows, served_endpoints},
    shop::Shop,
};

const WORST: &str = include_str!("worst.txt");
const MISSING: &str = include_str!("missing.txt");
const NOBODY: &str = "x-missing";

/// Whether a refusal is of Voucherify's shape, with this code and key.
fn is_refused(status: StatusCode, answer: &Value, (code, key): (u16, &str)) -> bool {
    let request = answer["request_id"].as_str().unwrap_or_default();
    (status.as_u16(), &answer["code"], &answer["key"]) == (code, &code.into(), &key.into())
        && request.starts_with("req_")
}

#[tokio::test]
async fn the_worst_input_of_every_call_is_refused_with_its_place() {
    let shop = Shop::start().await;
    let all = Everything::of(&shop).await;
    let (mut tried, mut wrong) = (BTreeSet::new(), Vec::new());
    for (method, path, rest) in rows(WORST) {
        let [body, key, begins] = rest.splitn(3, " | ").collect::<Vec<_>>()[..] else {
            panic!("{rest}");
        };
        let named = all.named(path);
        let one = endpoint(method, &named);
        let (status, answer) = all.asks((method, &named), bytes(body)).await;
        let details = answer["details"].as_str().unwrap_or_default();
        if !is_refused(status, &answer, (400, key)) || !details.starts_with(begins) {
            wrong.push(format!("{method} {path}: {status} {answer}"));
        }
        assert!(!begins.is_empty(), "{method} {path}: begins how?");
        tried.insert((one.method, one.shape()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let untried: Vec<Endpoint> = served_endpoints()
        .filter(|one| !tried.contains(&(one.method, one.shape())))
        .collect();
    assert_eq!(untried, [], "calls whose worst input is not in the table");
}

#[tokio::test]
async fn what_is_not_there_is_told_by_every_call_that_names_it() {
    let shop = Shop::start().await;
    let all = Everything::of(&shop).await;
    let bodies: BTreeMap<(&str, String), (&str, &str)> = rows(MISSING)
        .map(|(method, path, body)| {
            let one = endpoint(method, path);
            ((one.method, one.shape()), (path, body))
        })
        .collect();
    let (mut told, mut wrong) = (0, Vec::new());
    for one in served_endpoints() {
        let row = bodies.get(&(one.method, one.shape()));
        let (path, body) = row.copied().unwrap_or((one.path, "{}"));
        // A list and what makes something name nothing; and a code that nobody has can be made.
        let is_named = row.is_some() || path.contains('{');
        if !is_named || (one.method, one.path) == ("POST", "/v1/vouchers/{code}") {
            continue;
        }
        let steps = path.split('/');
        let asked: Vec<&str> = steps
            .map(|step| if step.starts_with('{') { NOBODY } else { step })
            .collect();
        let (status, answer) = all.asks((one.method, &asked.join("/")), body.into()).await;
        // The legacy call answers that a code is not valid, and why, as its clients read it.
        let (status, error) = match one.path {
            "/v1/vouchers/{code}/validate" => (StatusCode::NOT_FOUND, &answer["error"]),
            _ => (status, &answer),
        };
        let named = error["resource_id"].as_str().unwrap_or_default();
        let is_named = named == NOBODY || body.contains(named) && !named.is_empty();
        if !is_refused(status, error, (404, "not_found")) || !is_named {
            wrong.push(format!("{} {path}: {status} {answer}", one.method));
        }
        told += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(told > 130, "{told}");
}
