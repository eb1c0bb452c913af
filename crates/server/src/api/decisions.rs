//! Which offer does a shopper get now, and why was it decided so?

use axum::{
    body::Bytes,
    extract::{Path, Query, State},
    http::HeaderMap,
};
use decision::explain_given;
use serde::{Deserialize, Serialize};
use store::Page;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    decisions::{
        BenefitView, DecisionRequest, DecisionResponse, OfferView, RedeemableRef, TraceView,
        WhyNone,
    },
    ids::{self, Tag},
    voucherify::RedeemableKind,
};

use crate::{
    app::App,
    auth::{Caller, CustomersRead, Decide},
    configuration::{self, Compiled},
    deciding::{self, Asked, Promise, Recorded},
    once::{Answer, Key},
    people::People,
    problem::Refused,
    replay::traced,
};

const MAX_LISTED: u32 = 100;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(decide, list))
        .routes(routes!(get))
}

/// Decides for one customer, and makes the promise.
#[utoipa::path(post, path = "/v1/decisions", request_body = DecisionRequest, responses(
    (status = 200, description = "The offer, or why there is none.", body = DecisionResponse)
))]
async fn decide(
    State(app): State<App>,
    caller: Caller<Decide>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let said: DecisionRequest = wire::parse(&body)?;
    let once = Key::of(&headers, caller.project, ("POST /v1/decisions", &body))?;
    let asked = Asked {
        project: caller.project,
        said: &said,
        now: caller.now,
    };
    match deciding::make(&app, &asked, (once, tell)).await? {
        Some(answer) => Ok(answer),
        None => Answer::ok(&nobody(&app, caller.now)?),
    }
}

/// Somebody we do not know allows nothing, and nothing of them is kept.
fn nobody(app: &App, now: i64) -> Result<DecisionResponse, Refused> {
    let why = WhyNone {
        code: "no_consent".into(),
        sentence: "Offers are made only to customers who allow it.".into(),
    };
    Ok(DecisionResponse {
        id: ids::format(Tag::Decision, app.next_id()?),
        decided_at: now,
        offer: None,
        why_none: Some(why),
    })
}

fn tell(recorded: &Recorded, compiled: &Compiled) -> Result<Answer, Refused> {
    let offer = offer(recorded, compiled);
    let why_none = match recorded.promise {
        Promise::Lost => Some(WhyNone::all_gone()),
        Promise::None | Promise::Kept { .. } => WhyNone::of(&recorded.decision),
    };
    Answer::ok(&DecisionResponse {
        id: ids::format(Tag::Decision, recorded.request.id.0),
        decided_at: recorded.request.now,
        offer,
        why_none,
    })
}

fn offer(recorded: &Recorded, compiled: &Compiled) -> Option<OfferView> {
    let Promise::Kept {
        offer, until, code, ..
    } = &recorded.promise
    else {
        return None;
    };
    let (offer, campaign) = compiled.snapshot.offer(*offer)?;
    let explanation = explain_given(&compiled.snapshot, &recorded.request, &recorded.decision);
    Some(OfferView {
        redeemable: match code {
            Some(code) => RedeemableRef {
                object: RedeemableKind::Voucher,
                id: code.clone(),
            },
            None => RedeemableRef {
                object: RedeemableKind::PromotionTier,
                id: ids::format(Tag::Tier, offer.id.0),
            },
        },
        campaign_id: ids::format(Tag::Campaign, campaign.id.0),
        name: offer.name.to_string(),
        code: code.clone(),
        benefit: BenefitView::of(offer, campaign.currency),
        expires_at: *until,
        explanation,
    })
}

/// The whole trace of a decision: every candidate with its fate, for those who answer for it.
#[utoipa::path(get, path = "/v1/decisions/{id}", params(("id" = String, Path)), responses(
    (status = 200, description = "The trace.", body = TraceView),
    (status = 404, description = "There is no such decision.")
))]
async fn get(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    Path(id): Path<String>,
) -> Result<Answer, Refused> {
    let missing = || Refused::NotFound {
        what: "decision",
        id: id.clone(),
    };
    let number = ids::parse(Tag::Decision, &id).map_err(|_| missing())?;
    let recorded = deciding::recorded(&app, caller.project, number)
        .await
        .map_err(|refused| match refused {
            Refused::NotFound { .. } => missing(),
            fault => fault,
        })?;
    let snapshot = recorded.decision.snapshot;
    let snapshot = configuration::kept(app.store(), caller.project, snapshot).await?;
    let compiled = app.compiled(caller.project).await?;
    let (trace, explained) = traced(&snapshot, &recorded);
    let name = |offer| {
        let stored = compiled.offers.get(&offer)?;
        Some(stored.thing.name.to_string())
    };
    let view = TraceView::of(&trace, &recorded.request, explained, &name);
    Answer::ok(&match recorded.promise {
        Promise::Lost => view.lost(),
        Promise::None | Promise::Kept { .. } => view,
    })
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfWhom {
    /// `cust_…` or the shop's own id.
    customer: String,
    /// At most 100, which is also what is meant where it is missing.
    limit: Option<u32>,
}

/// One line of a customer's history.
#[derive(Serialize, ToSchema)]
pub struct DecisionRow {
    id: String,
    #[serde(with = "wire::time::exact")]
    #[schema(value_type = String)]
    decided_at: i64,
    arm: String,
    /// What was given, or would have been.
    offer_id: Option<String>,
    /// `granted`, `withheld`, `all_gone` or `none`.
    outcome: &'static str,
    /// The probability of the choice, in ppm.
    propensity: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub struct DecisionRows {
    decisions: Vec<DecisionRow>,
}

/// A customer's decisions, newest first.
#[utoipa::path(get, path = "/v1/decisions", params(OfWhom), responses(
    (status = 200, description = "The decisions.", body = DecisionRows)
))]
async fn list(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    Query(asked): Query<OfWhom>,
) -> Result<Answer, Refused> {
    let mut people = People::open(&app, caller.project)?;
    let found = people.named(&asked.customer).await?;
    let customer = found.ok_or_else(|| Refused::NotFound {
        what: "customer",
        id: asked.customer.clone(),
    })?;
    let former = people
        .person(customer)
        .map(|person| person.former.clone())
        .unwrap_or_default();
    let page = Page {
        after: 0,
        limit: asked.limit.unwrap_or(MAX_LISTED).min(MAX_LISTED),
        newest_first: true,
    };
    let mut found = Vec::new();
    for id in former.into_iter().chain([customer]) {
        found.extend(deciding::made_for(people.view(), (id, page)).await?);
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    found.truncate(page.limit as usize);
    let mut decisions = Vec::with_capacity(found.len());
    for id in found {
        decisions.push(row(&deciding::recorded(&app, caller.project, id).await?));
    }
    Answer::ok(&DecisionRows { decisions })
}

fn row(recorded: &Recorded) -> DecisionRow {
    let decision = &recorded.decision;
    let named = decision.chosen().or_else(|| decision.withheld());
    let outcome = match (&recorded.promise, decision.withheld()) {
        (Promise::Kept { .. }, _) => "granted",
        (Promise::Lost, _) => "all_gone",
        (Promise::None, Some(_)) => "withheld",
        (Promise::None, None) => "none",
    };
    DecisionRow {
        id: ids::format(Tag::Decision, decision.id.0),
        decided_at: recorded.request.now,
        arm: decision.arm.to_string(),
        offer_id: named.map(|(offer, _)| ids::format(Tag::Tier, offer.0)),
        outcome,
        propensity: named.map(|(_, propensity)| propensity),
    }
}
