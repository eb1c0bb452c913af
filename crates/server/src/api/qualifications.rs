//! Qualifications: which redeemables apply to this order and customer now, each as if alone, and
//! why do the rest not? Nothing is held, and what budgets and caps have left is looked up.

mod paging;
mod rows;
mod scenarios;
mod which;

use std::sync::atomic::{AtomicBool, Ordering};

use axum::{body::Bytes, extract::State};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::voucherify::{
    List, OrderView, QualificationOptions, QualificationRequest, QualificationResponse, Scenario,
    ValidationRow,
};

use super::{
    dialect::{malformed, parse, retry},
    validations::{self, with_customer},
};
use crate::{
    app::App,
    auth::{Caller, Redeem},
    checkout::{Call, For, Till, sweep},
    once::Answer,
    problem::Refused,
};

use paging::Page;
use rows::Row;
pub use scenarios::is_of_customer;
pub use which::{MAX_LOOKED_AT, Reach, Which};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(qualify))
}

/// Which redeemables apply, and with `options.expand: ["inapplicable"]` why the rest do not.
#[utoipa::path(post, path = "/v1/qualifications", request_body = QualificationRequest,
    responses((status = 200, body = QualificationResponse)))]
async fn qualify(
    State(app): State<App>,
    caller: Caller<Redeem>,
    body: Bytes,
) -> Result<Answer, Refused> {
    Answer::ok(&answered(&app, &caller, &parse(&body)?).await?)
}

/// Which redeemables apply.
///
/// # Errors
/// When the request does not fit.
pub async fn answered(
    app: &App,
    caller: &Caller<Redeem>,
    request: &QualificationRequest,
) -> Result<QualificationResponse, Refused> {
    let filters = request.options.as_ref();
    let filters = filters.and_then(|options| options.filters.as_ref());
    if let Some(filters) = filters {
        let checked = filters.check_texts(&rows::FIELDS);
        checked.map_err(|wrong| malformed(&wrong.under("filters").under("options")))?;
    }
    let swept = AtomicBool::new(false);
    retry(|| qualified(app, caller, request, &swept)).await
}

async fn qualified(
    app: &App,
    caller: &Caller<Redeem>,
    request: &QualificationRequest,
    swept: &AtomicBool,
) -> Result<Option<QualificationResponse>, Refused> {
    let options = request.options.clone().unwrap_or_default();
    let call = Call {
        project: caller.project,
        key: caller.key,
        now: caller.now,
        customer: request.customer.as_ref(),
        order: request.order.as_ref(),
        metadata: request.metadata.as_ref(),
        session: None,
        purpose: For::Looking,
    };
    let mut till = Till::open(app, &call).await?.asked_by(caller.attempt());
    let Judged {
        rows,
        inapplicable,
        is_short,
    } = match request.scenario {
        Scenario::PromotionStacks => scenarios::stacks(&mut till, &options).await?,
        _ => scenarios::alone(&mut till, (request, &options)).await?,
    };
    if is_short && !swept.swap(true, Ordering::Relaxed) {
        sweep(app, caller.project, caller.now).await?;
        return Ok(None);
    }
    let mut page = Page::of(rows, &options);
    if options.expands("validation_rules") {
        rows::tell_rules(&mut till, &mut page.rows).await?;
    }
    let rows = page.rows.into_iter().map(|row| row.view).collect();
    let before = OrderView::before(&till.input, &till.untouched());
    Ok(Some(QualificationResponse {
        redeemables: List {
            has_more: Some(page.next.is_some()),
            more_starting_after: Some(page.next),
            ..List::page("data", rows, page.total)
        },
        tracking_id: request.tracking_id.clone(),
        order: request
            .order
            .is_some()
            .then(|| with_customer(before, &till)),
        stacking_rules: till.compiled.stacking.said.clone(),
        inapplicable_redeemables: options.expands("inapplicable").then_some(inapplicable),
    }))
}

/// What applies, and what does not with its reason.
#[derive(Default)]
struct Judged {
    rows: Vec<Row>,
    inapplicable: Vec<ValidationRow>,
    /// See [`crate::checkout::Quote::is_short`].
    is_short: bool,
}

fn reach(options: &QualificationOptions) -> Reach {
    match options.expands("inapplicable") {
        true => Reach::All,
        false => Reach::Matching,
    }
}
