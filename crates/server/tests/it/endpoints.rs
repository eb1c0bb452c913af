//! Which calls of Voucherify's protocol are served? The page of the API lists them all.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use axum::http::{Method, StatusCode};
use wire::voucherify::{Endpoint, endpoint_of, endpoints, left_out, shape};

use crate::shop::Shop;

const BEGIN: &str = "<!-- calls of the protocol -->\n";
const END: &str = "<!-- end of the calls -->\n";

/// Every call that is described, as its method and the shape of its path.
pub fn served() -> BTreeSet<(String, String)> {
    let description = serde_json::to_value(server::router::openapi()).unwrap();
    let mut served = BTreeSet::new();
    for (path, calls) in description["paths"].as_object().unwrap() {
        for method in calls.as_object().unwrap().keys() {
            served.insert((method.to_uppercase(), shape(path)));
        }
    }
    served
}

fn table() -> String {
    let served = served();
    let is_served = |method: &str, shape: String| served.contains(&(method.to_owned(), shape));
    let worth = endpoints().count();
    let all = worth + left_out().count();
    let of_all = endpoints().filter(|one| is_served(one.method, one.shape()));
    let mut table = format!(
        "{} of {all} calls are served; {worth} are worth serving.\n",
        of_all.count()
    );
    let all: Vec<Endpoint> = endpoints().chain(left_out()).collect();
    let mut groups: Vec<&str> = all.iter().map(|one| one.group).collect();
    let mut seen = BTreeSet::new();
    groups.retain(|group| seen.insert(*group));
    for group in groups {
        let heading = "| Call | What it does | Served |\n|---|---|---|";
        write!(table, "\n**{group}**\n\n{heading}\n").unwrap();
        for one in all.iter().filter(|one| one.group == group) {
            let told = match is_served(one.method, one.shape()) {
                true => "yes",
                false => "no",
            };
            let (method, path, purpose) = (one.method, one.path, one.purpose);
            writeln!(table, "| `{method} {path}` | {purpose} | {told} |").unwrap();
        }
    }
    table
}

/// `UPDATE_API=1 cargo test -p server --test it endpoints` writes it anew.
#[test]
fn the_page_lists_every_call_with_what_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/API.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (listed, after) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("UPDATE_API").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    let differs = listed
        .lines()
        .zip(table.lines())
        .find(|(listed, told)| listed != told);
    assert_eq!(differs, None, "listed beside served");
    assert_eq!(listed.len(), table.len());
}

/// What is asked of a call that is not served.
fn asked(path: &str) -> String {
    path.split('/')
        .map(|step| if step.starts_with('{') { "x" } else { step })
        .collect::<Vec<_>>()
        .join("/")
}

#[tokio::test]
async fn a_call_that_is_not_served_says_so() {
    let shop = Shop::start().await;
    let served = served();
    let mut told = 0;
    for one in endpoints().chain(left_out()) {
        if served.contains(&(one.method.to_owned(), one.shape())) {
            continue;
        }
        let path = asked(one.path);
        // Where a name could be anything, one that is served may be meant.
        let meant = endpoint_of(one.method, &path).unwrap();
        if served.contains(&(meant.method.to_owned(), meant.shape())) {
            continue;
        }
        let method: Method = one.method.parse().unwrap();
        let (status, _, answer) = shop.raw((method, &path), &[], "{}").await;
        if status == StatusCode::UNAUTHORIZED {
            // A served call whose names could be anything takes it.
            continue;
        }
        assert_eq!(
            (status.as_u16(), &answer["code"], &answer["key"]),
            (404, &404.into(), &"not_offered".into()),
            "{one:?}"
        );
        let sentence = answer["proffer"]["sentence"].as_str().unwrap();
        assert!(
            sentence.contains(meant.path) && sentence.ends_with("does not offer."),
            "{sentence}"
        );
        told += 1;
    }
    assert!(told >= left_out().count(), "{told}");
    let (status, _, answer) = shop.raw((Method::GET, "/v1/nothing"), &[], "").await;
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (404, &"not_found".into())
    );
    let (status, _, answer) = shop.raw((Method::PATCH, "/v1/vouchers"), &[], "").await;
    assert_eq!(
        (status.as_u16(), &answer["code"], &answer["key"]),
        (405, &405.into(), &"method_not_allowed".into())
    );
}
