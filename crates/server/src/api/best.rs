//! Which of all that this customer could use on this order saves the most, in which order, and why
//! is the rest not in it? Nothing is held; the answer can be validated and redeemed as it stands.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::{body::Bytes, extract::State};
use offers::{Combination, LeftOut, Refusal, money};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::voucherify::{
    BestRequest, BestResponse, Key, LeftOutRow, RedeemableInput, RedeemableKind, RunnerUp,
    Scenario, SearchView,
};

use super::{
    dialect::{parse, refuse, retry},
    qualifications::{MAX_LOOKED_AT, Reach, Which},
    validations::{order_view, rows_of},
};
use crate::{
    app::App,
    aside::aside,
    auth::{Caller, Redeem},
    checkout::{Call, Fate, For, Offered, Quote, Searched, Till, sweep},
    once::Answer,
    problem::Refused,
};

const ALGORITHM: &str = "branch_and_bound";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(find))
}

/// The combination that saves the most: of what is given, what the customer holds, all tiers and
/// all codes for everybody that qualify.
#[utoipa::path(post, path = "/v1/best-deals", request_body = BestRequest,
    responses((status = 200, body = BestResponse)))]
async fn find(
    State(app): State<App>,
    caller: Caller<Redeem>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let request: BestRequest = parse(&body)?;
    check(&request)?;
    let search = async move |app: App| {
        let swept = AtomicBool::new(false);
        retry(|| found(&app, &caller, &request, &swept)).await
    };
    aside(&app, app.searches(), search).await
}

/// More redeemables than are looked at anyway.
const MAX_GIVEN: usize = 100;

fn check(request: &BestRequest) -> Result<(), Refused> {
    if request.redeemables.len() > MAX_GIVEN {
        let details = format!("/redeemables: at most {MAX_GIVEN}");
        return Err(refuse(Key::InvalidPayload, details));
    }
    let is_stack = |one: &RedeemableInput| one.object == RedeemableKind::PromotionStack;
    if request.redeemables.iter().any(is_stack) {
        let details = "a promotion stack goes with nothing else: give its tiers";
        return Err(refuse(Key::InvalidRedeemables, details));
    }
    Ok(())
}

async fn found(
    app: &App,
    caller: &Caller<Redeem>,
    request: &BestRequest,
    swept: &AtomicBool,
) -> Result<Option<Answer>, Refused> {
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
    let mut till = Till::open(app, &call).await?;
    put_forward(&mut till, request).await?;
    let searched = till.best();
    let chosen = offered(&till, &searched.best.chosen);
    let quote = till.together(&chosen);
    if (quote.is_short || searched.is_short) && !swept.swap(true, Ordering::Relaxed) {
        sweep(app, caller.project, caller.now).await?;
        return Ok(None);
    }
    let best = &searched.best;
    // What is answered is what a validation would say, whatever the search counted on.
    let is_as_found = is_whole(&quote) && quote.priced.discounted() == best.chosen.saves;
    if !is_as_found {
        tracing::warn!(fates = ?quote.fates, "the best combination is priced otherwise");
    }
    let applied = quote.applied();
    let kept = applied
        .iter()
        .filter_map(|(place, _)| chosen.get(*place).copied());
    let chosen: Vec<&Offered> = kept.collect();
    let quote = till.together(&chosen);
    let saves = quote.priced.discounted();
    let response = BestResponse {
        redeemables: inputs(&chosen),
        saves,
        points: best.chosen.points,
        order: order_view(&till, &quote),
        steps: rows_of(&till, (&chosen, &quote)),
        runner_up: runner_up(&till, &searched),
        left_out: left_out(&till, (&searched, &chosen)),
        search: SearchView {
            algorithm: ALGORITHM,
            candidates: searched.candidates,
            steps: best.steps,
            is_best: best.most <= saves && is_as_found,
            most_possible: best.most,
            short_by_at_most: best.most.saturating_sub(saves),
        },
        tracking_id: request.tracking_id.clone(),
        stacking_rules: till.compiled.stacking.said.clone(),
        object: "best_deal",
    };
    Answer::ok(&response).map(Some)
}

fn is_whole(quote: &Quote) -> bool {
    let mut fates = quote.fates.iter();
    fates.all(|fate| matches!(fate, Fate::Applied { .. }))
}

/// The given ones first, then what qualifies, then the rest, to say what is missing; each once.
async fn put_forward(till: &mut Till<'_>, request: &BestRequest) -> Result<(), Refused> {
    till.put_forward(&request.redeemables).await?;
    if request.only_given {
        return Ok(());
    }
    let mut others = Vec::new();
    for reach in [Reach::Matching, Reach::All] {
        let which = Which {
            scenario: Scenario::All,
            reach,
        };
        others.extend(which.redeemables(till).await?);
    }
    others.retain(|one| !till.offered.iter().any(|offered| is_one(offered, one)));
    let mut seen: Vec<RedeemableInput> = Vec::with_capacity(others.len());
    for one in others {
        if !seen.contains(&one) {
            seen.push(one);
        }
    }
    seen.truncate(MAX_LOOKED_AT);
    till.put_forward(&seen).await
}

/// Whether it is put forward already, be it under the id of its code.
fn is_one(offered: &Offered, one: &RedeemableInput) -> bool {
    let voucher = offered
        .found
        .as_ref()
        .and_then(|found| found.voucher.as_ref());
    let is_code = voucher.is_some_and(|voucher| *voucher.code == *one.id);
    one.object == offered.input.object && (is_code || one.id == offered.input.id)
}

fn offered<'t>(till: &'t Till<'_>, of: &Combination) -> Vec<&'t Offered> {
    let places = of.places.iter();
    places
        .filter_map(|place| till.offered.get(*place))
        .collect()
}

fn inputs(offered: &[&Offered]) -> Vec<RedeemableInput> {
    offered.iter().map(|one| one.input.clone()).collect()
}

fn runner_up(till: &Till<'_>, searched: &Searched) -> Option<RunnerUp> {
    let second = searched.best.runner_up.as_ref()?;
    let less = searched.best.chosen.saves.saturating_sub(second.saves);
    let sentence = match less {
        0 => "It saves as much, and gives no more.".to_owned(),
        less => format!("It saves {} less.", money(less, till.order.currency)),
    };
    Some(RunnerUp {
        redeemables: inputs(&offered(till, second)),
        saves: second.saves,
        less,
        sentence,
    })
}

/// Why each of the others is not in it.
fn left_out(till: &Till<'_>, (searched, chosen): (&Searched, &[&Offered])) -> Vec<LeftOutRow> {
    let places = &searched.best.chosen.places;
    let others = till.offered.iter().enumerate();
    let others = others.filter(|(place, _)| !places.contains(place));
    let row = |(place, one): (usize, &Offered)| {
        let alone = searched.alone.get(place).copied().flatten();
        let why = match searched.refused.get(place) {
            Some(Some(refusal)) => LeftOut::Refused(refusal.clone()),
            _ => till.why_not(one, (chosen, searched.best.chosen.saves)),
        };
        let (gap, less) = match &why {
            LeftOut::Refused(Refusal::BelowMinimum { gap, .. }) => (Some(*gap), None),
            LeftOut::SavesLess(less) => (None, Some(*less)),
            LeftOut::Refused(_) | LeftOut::Pays => (None, None),
        };
        LeftOutRow {
            object: one.input.object,
            id: one.input.id.clone(),
            code: why.code().to_owned(),
            sentence: why.sentence(till.order.currency),
            gap,
            less,
            saves_alone: alone,
        }
    };
    others.map(row).collect()
}
