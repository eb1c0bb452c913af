//! The pages for marketers and finance, rendered on the server: no script, every chart drawn here
//! with a table behind it. A page calls what the API calls, and changes nothing.

mod assets;
mod campaigns;
mod customers;
mod decisions;
mod drawings;
mod experiments;
mod figures;
mod guard;
mod ledgers;
mod look;
mod overview;
mod plain;
mod sign_in;
mod sorry;
mod visits;

use askama::Template;
use axum::{Router, response::Html, routing::get};

use crate::{app::App, problem::Refused, setup::SANDBOX};

pub use guard::guard;
pub use sign_in::sign_in_link;
pub use visits::{Session, Visits};

use sign_in::Visitor;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(overview::page))
        .route("/campaigns", get(campaigns::list))
        .route("/campaigns/{id}", get(campaigns::page))
        .route("/campaigns/{id}/ledger", get(ledgers::page))
        .route("/decisions", get(decisions::list))
        .route("/decisions/{id}", get(decisions::page))
        .route("/experiments/{id}", get(experiments::page))
        .route("/customers/{id}", get(customers::page))
        .route("/problems/{code}", get(sorry::explained))
        .merge(sign_in::routes())
        .merge(assets::routes())
}

/// What frames every page.
struct Shell {
    /// Which entry of the menu this page belongs to.
    section: &'static str,
    /// `None` for who is not signed in.
    project: Option<&'static str>,
    experiment: String,
}

impl Shell {
    fn of(section: &'static str, visitor: &Visitor) -> Self {
        let is_sandbox = visitor.project == SANDBOX;
        Self {
            section,
            project: Some(if is_sandbox { "Sandbox" } else { "Live" }),
            experiment: figures::programme(),
        }
    }

    fn outside() -> Self {
        Self {
            section: "",
            project: None,
            experiment: String::new(),
        }
    }
}

fn show(page: &impl Template) -> Result<Html<String>, Refused> {
    let text = page.render().map_err(|e| Refused::Fault(e.to_string()))?;
    Ok(Html(text))
}
