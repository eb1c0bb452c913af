//! What does a person see when there is no such page, or something went wrong?

use askama::Template;
use axum::{extract::Path, http::StatusCode, response::Html};
use serde_json::Value;

use super::{Shell, show};
use crate::problem::Refused;

#[derive(Template)]
#[template(path = "sorry.html")]
struct Sorry<'a> {
    shell: Shell,
    heading: &'a str,
    detail: &'a str,
    request_id: &'a str,
}

/// A problem (RFC 9457) as a page.
pub fn page(status: StatusCode, problem: &Value) -> Result<Html<String>, Refused> {
    let text = |name: &str| {
        problem
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    show(&Sorry {
        shell: Shell::outside(),
        heading: heading(status),
        detail: text("detail"),
        request_id: text("request_id"),
    })
}

/// What the API's page says of every refusal.
const REFUSALS: &str = include_str!("../../../../docs/API.md");

/// What a code means: the page that a problem's `type` names.
pub async fn explained(Path(code): Path<String>) -> Result<Html<String>, Refused> {
    let row = format!("| `{code}` |");
    let found = REFUSALS.lines().find_map(|line| line.strip_prefix(&row));
    let Some(meaning) = found else {
        return Err(Refused::NotFound {
            what: "refusal",
            id: code,
        });
    };
    let cells = meaning.split('|').map(str::trim);
    let cells: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
    show(&Sorry {
        shell: Shell::outside(),
        heading: &code,
        detail: &cells.join(" · ").replace('`', ""),
        request_id: "",
    })
}

fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "This is not open to you",
        status if status.is_server_error() => "Something went wrong on our side",
        _ => "That did not work",
    }
}
