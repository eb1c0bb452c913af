//! Rollbacks: what a redemption moved goes back, whole or in part. Nothing is erased.

mod partly;
mod undoing;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
};
use decision::GrantState;
use ledger::{FUNDING_LINES, Minor, Part, Timestamp, Transfer};
use offers::{Booking, Happening, Redeemable, book, chart::Reason};
use profiles::CustomerId;
use store::{Command, Expect, Index, Kind, Outcome, Page, TransferFilter, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        Event, GiftGivenBack, GivenBack, Key, OrderInput, OrderStatus, OrderView, PointsGivenBack,
        RollbackOrderMode, RollbackRequest, RollbackResponse, RollbackView, StackedRollback,
    },
};

use super::{
    dialect::{Asked, parse_optional, refuse, retry, retry_in_turn},
    redemptions::{Reader, find, load, order_now},
    resources::At,
    vouchers::{used_card_view, used_view},
};
use crate::{
    activity,
    app::App,
    auth::{Caller, Redeem},
    checkout::{Back, Redemption, RedemptionState, Sale, StoredOrder, Used},
    compact::Compact,
    configuration::write,
    jobs, loyalty,
    once::{self, Answer},
    people::People,
    problem::Refused,
    versioned,
    vouchers::{self, key},
    webhooks,
};

use partly::{put_back, take_back};
use undoing::{Undoing, Undone, UndonePart};

/// Three months at their longest: so long a redemption can be rolled back.
const LATEST_MS: i64 = 92 * 86_400_000;
const TOO_LATE: &str = "it is older than 92 days, and can be rolled back no more";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(single))
        .routes(routes!(stack))
}

/// Which call it is: of one redemption, or of all that were made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    One,
    Stack,
}

/// Roll back one redemption; with `returned` or `amount`, a part of it.
#[utoipa::path(post, path = "/v1/redemptions/{id}/rollback", request_body = RollbackRequest,
    responses((status = 200, body = RollbackView)))]
async fn single(
    State(app): State<App>,
    caller: Caller<Redeem>,
    (Path(name), asked): (Path<String>, Asked),
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/redemptions/{name}/rollback");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let request = with_query(parse_optional(&body)?, &asked);
    roll_back(&app, &caller, (&name, Of::One), (&request, once)).await
}

/// Roll back all redemptions that were made together; with `returned` or `amount`, a part of them.
#[utoipa::path(post, path = "/v1/redemptions/{id}/rollbacks", request_body = RollbackRequest,
    responses((status = 200, body = StackedRollback)))]
async fn stack(
    State(app): State<App>,
    caller: Caller<Redeem>,
    (Path(name), asked): (Path<String>, Asked),
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/redemptions/{name}/rollbacks");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let request = with_query(parse_optional(&body)?, &asked);
    roll_back(&app, &caller, (&name, Of::Stack), (&request, once)).await
}

fn with_query(mut request: RollbackRequest, asked: &Asked) -> RollbackRequest {
    let text = |name: &str| asked.get(name).map(str::to_owned);
    request.reason = request.reason.or_else(|| text("reason"));
    request.tracking_id = request.tracking_id.or_else(|| text("tracking_id"));
    request
}

async fn roll_back(
    app: &App,
    caller: &Caller<Redeem>,
    (name, of): (&str, Of),
    (request, once): (&RollbackRequest, Option<once::Key>),
) -> Result<Answer, Refused> {
    let answer = match in_turn(app, caller, (name, of), (request, once)).await {
        Err(Refused::Dialect(status, body)) => {
            let told = failed(At::of(app, caller), (name, request), &body).await?;
            let refusal = Refused::Dialect(status, body);
            once::refused_telling(At::of(app, caller), (once, refusal), told).await
        }
        other => other,
    };
    let told = Reader::of(app, caller).tell_answer(answer?).await;
    told.map_err(Refused::after_all)
}

/// Rolls back after all others that are at the same order, where there is one.
async fn in_turn(
    app: &App,
    caller: &Caller<Redeem>,
    (name, of): (&str, Of),
    (request, once): (&RollbackRequest, Option<once::Key>),
) -> Result<Answer, Refused> {
    let (top, _) = find(app, caller.project, name).await?;
    let attempt = || attempt(app, caller, (name, of), (request, once));
    match top.order {
        Some(_) => retry_in_turn(attempt).await,
        None => retry(attempt).await,
    }
}

/// What webhooks are told of a rollback that was refused, if there is such a redemption.
async fn failed(
    at: At<'_>,
    (name, request): (&str, &RollbackRequest),
    body: &serde_json::Value,
) -> Result<Vec<Write>, Refused> {
    let text = |member: &str| body.get(member).and_then(serde_json::Value::as_str);
    let (key, message) = (text("key").unwrap_or_default(), text("message"));
    let is_known = find(at.app, at.project, name).await.is_ok();
    if !is_known || key == Key::MultipleRequests.wire().1 {
        return Ok(Vec::new());
    }
    let id = ids::format(Tag::FailedRollback, at.app.next_id()?);
    let names = (id, name.to_owned());
    let mut view = RollbackView::failed(names, at.now, (key, message.unwrap_or_default()));
    view.reason.clone_from(&request.reason);
    view.tracking_id.clone_from(&request.tracking_id);
    view.metadata.clone_from(&request.metadata);
    view.related_object_id = name.to_owned();
    webhooks::tell(at, Event::RollbackFailed, &view).await
}

async fn attempt(
    app: &App,
    caller: &Caller<Redeem>,
    (name, of): (&str, Of),
    (request, once): (&RollbackRequest, Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let project = caller.project;
    let (mut top, version) = find(app, project, name).await?;
    check((&top, of), caller.now)?;
    let sale = top.sale.clone();
    let sale = sale.ok_or_else(|| Refused::Fault("a redemption has no sale".into()))?;
    let mut undoing = Undoing::new((app, caller), request, (top.id, version));
    let before = undoing.made(&top).await?;
    let mut after = before.clone();
    let is_whole = take_back(&mut after, (request, &sale))?;
    let mut parts = Vec::new();
    for (before, after) in before.into_iter().zip(after) {
        parts.push(undoing.part((before, after), &sale).await?);
    }
    let above = match top.children.is_empty() {
        true => None,
        false => Some(app.next_id()?),
    };
    let undone = Undone { parts, is_whole };
    let order = undoing.order((&top, above), (&undone, &sale)).await?;
    let mut people = People::open(app, project)?;
    undoing.customer = people.unless_erased(top.customer).await?;
    if is_whole {
        give_grants_back(&mut people, &undone.parts).await?;
        top.state = RedemptionState::RolledBack;
    }
    let mut views = Vec::new();
    for part in &undone.parts {
        views.push(undoing.keep(part, order.as_ref())?);
    }
    undoing.tell(&views).await?;
    let parent = above.map(|rollback| undoing.keep_parent((&top, rollback)));
    let parent = parent.transpose()?;
    let response = match (of, views) {
        (Of::One, mut views) if views.len() == 1 => match views.pop() {
            Some(view) => RollbackResponse::Single(Box::new(view)),
            None => return Err(Refused::Fault("a rollback has a view".into())),
        },
        (_, rollbacks) => RollbackResponse::Stacked(Box::new(StackedRollback {
            rollbacks,
            parent_rollback: parent,
            order,
        })),
    };
    let (of_people, changed) = people.finish()?;
    undoing.expects.extend(of_people);
    undoing.writes.extend(changed);
    undoing.submit(Answer::ok(&response)?, once).await
}

/// Which redemptions can be rolled back by which call.
fn check((top, of): (&Redemption, Of), now: Timestamp) -> Result<(), Refused> {
    if top.parent.is_some() {
        let details = "it was made together with others: roll back their parent";
        return Err(refuse(Key::InvalidRedemptionParent, details));
    }
    match (top.state, of) {
        (RedemptionState::Failed, _) => {
            let details = "a failed redemption used nothing";
            Err(refuse(Key::InvalidRedemption, details))
        }
        (RedemptionState::RolledBack, _) => {
            let details = "Redemption has been already rolled back.";
            Err(refuse(Key::AlreadyRolledBack, details))
        }
        (RedemptionState::Succeeded, Of::One) if !top.children.is_empty() => {
            let details = "it is the parent of several: use its rollbacks";
            Err(refuse(Key::InvalidRedemption, details))
        }
        (RedemptionState::Succeeded, _) => {
            let sold = top.sale.as_ref().map_or(now, |sale| sale.date);
            match now.saturating_sub(sold) > LATEST_MS {
                true => Err(refuse(Key::InvalidRedemption, TOO_LATE)),
                false => Ok(()),
            }
        }
    }
}

/// The grants that were used may be used again, as long as they last.
async fn give_grants_back(people: &mut People<'_>, parts: &[UndonePart]) -> Result<(), Refused> {
    for part in parts {
        let redemption = &part.redemption;
        let (Some(customer), Some(decision)) = (redemption.customer, redemption.decision) else {
            continue;
        };
        let customer = match people.load(CustomerId(customer)).await {
            Ok(customer) => customer,
            // Who was erased has no grants any more; the shop still gets its money back.
            Err(Refused::NotFound { .. }) => continue,
            Err(other) => return Err(other),
        };
        let Some(person) = people.person_mut(customer) else {
            continue;
        };
        let mine = person.grants.iter_mut();
        for granted in mine.filter(|granted| granted.decision == decision) {
            granted.grant.state = GrantState::Open;
        }
    }
    Ok(())
}
