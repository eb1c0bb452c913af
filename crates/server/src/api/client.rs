//! What a page may ask: the calls of `/client/v1`, with a public key and from a listed origin.
//! They come to what the shop's servers ask under `/v1`, but what a browser says of its customer
//! beside the name is passed over, and codes cannot be guessed.

use axum::{
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::Response,
    routing::options,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::voucherify::{
    CustomerInput, Key, List, OrderInput, QualificationRequest, QualificationResponse,
    RedeemableKind, RedemptionRequest, RedemptionResponse, TierView, ValidationRequest,
    ValidationResponse,
};

use super::{
    dialect::{Asked, parse, refuse},
    promotions, qualifications, redemptions, validations,
};
use crate::{
    app::App,
    browsers::{self, Browser, PAGES},
    guessing::MOST_CODES,
    once::{self, Answer},
    problem::Refused,
};

const PATHS: [&str; 4] = [
    "/client/v1/qualifications",
    "/client/v1/promotions/tiers",
    "/client/v1/validations",
    "/client/v1/redemptions",
];

pub fn routes() -> OpenApiRouter<App> {
    let calls = OpenApiRouter::new()
        .routes(routes!(qualify))
        .routes(routes!(tiers))
        .routes(routes!(validate))
        .routes(routes!(redeem));
    PATHS.into_iter().fold(calls, |calls, path| {
        calls.route(path, options(preflight))
    })
}

async fn preflight(State(app): State<App>, headers: HeaderMap) -> Response {
    browsers::preflight(&app, &headers, &PAGES).await
}

/// Which redeemables apply, as a page may know: no code that is one customer's alone.
#[utoipa::path(post, path = "/client/v1/qualifications", request_body = QualificationRequest,
    responses((status = 200, body = QualificationResponse)))]
async fn qualify(State(app): State<App>, browser: Browser, body: Bytes) -> Response {
    let answer = async {
        let mut request: QualificationRequest = parse(&body)?;
        as_claimed(&mut request.customer, request.order.as_mut());
        let caller = browser.caller(browser.tries(&app, None, 0));
        Answer::ok(&qualifications::answered(&app, &caller, &request).await?)
    };
    browser.told(answer.await)
}

/// Promotion tiers.
#[utoipa::path(get, path = "/client/v1/promotions/tiers",
    responses((status = 200, body = List<TierView>)))]
async fn tiers(State(app): State<App>, browser: Browser, asked: Asked) -> Response {
    let caller = browser.caller(browser.tries(&app, None, 0));
    browser.told(promotions::listed(&app, &caller, &asked).await)
}

/// Validate redeemables on an order; hold them where a session asks for it.
#[utoipa::path(post, path = "/client/v1/validations", request_body = ValidationRequest,
    responses((status = 200, body = ValidationResponse)))]
async fn validate(State(app): State<App>, browser: Browser, body: Bytes) -> Response {
    let request = match claimed(&body) {
        Ok(request) => request,
        Err(refused) => return browser.told(refused),
    };
    let attempt = browser.tries(&app, person(&request), codes(&request));
    let caller = browser.caller(attempt.clone());
    let answer = validations::answered(&app, &caller, &request).await;
    let answer = answer.and_then(|response| Answer::ok(&response));
    browser.ended(&app, &attempt, answer)
}

/// Use redeemables on an order, where the settings let browsers do that (`client_redeem_enabled`).
#[utoipa::path(post, path = "/client/v1/redemptions", request_body = RedemptionRequest,
    responses((status = 200, body = RedemptionResponse)))]
async fn redeem(
    State(app): State<App>,
    browser: Browser,
    (headers, body): (HeaderMap, Bytes),
) -> Response {
    let call = ("POST /client/v1/redemptions", body.as_ref());
    let read = may_redeem(&browser)
        .and_then(|()| once::Key::of(&headers, browser.project(), call))
        .and_then(|once| Ok((claimed(&body)?, once)));
    match read {
        Ok((request, once)) => redeemed(&app, &browser, (&request, once)).await,
        Err(refused) => browser.told(refused),
    }
}

async fn redeemed(
    app: &App,
    browser: &Browser,
    (request, once): (&RedemptionRequest, Option<once::Key>),
) -> Response {
    let attempt = browser.tries(app, person(request), codes(request));
    let caller = browser.caller(attempt.clone());
    let answer = redemptions::answered(app, &caller, (request, once)).await;
    browser.ended(app, &attempt, answer)
}

fn may_redeem(browser: &Browser) -> Result<(), Refused> {
    if browser.settings.client_redeem_enabled {
        return Ok(());
    }
    let details = "pages may not redeem: the settings do not allow it (client_redeem_enabled)";
    Err(refuse(Key::Forbidden, details))
}

/// A request of a browser. Only so many codes at once, or one call would try many.
fn claimed(body: &[u8]) -> Result<ValidationRequest, Refused> {
    let mut request: ValidationRequest = parse(body)?;
    if codes(&request) > MOST_CODES {
        let details = format!("/redeemables: at most {MOST_CODES} codes from a page");
        return Err(refuse(Key::InvalidPayload, details));
    }
    as_claimed(&mut request.customer, request.order.as_mut());
    Ok(request)
}

/// Leaves the name of a customer alone: what else a page says of them would be kept, and rules
/// would believe it.
fn as_claimed(customer: &mut Option<CustomerInput>, order: Option<&mut OrderInput>) {
    let of_order = order.and_then(|order| order.customer.as_mut());
    for customer in customer.as_mut().into_iter().chain(of_order) {
        *customer = CustomerInput {
            id: customer.id.take(),
            source_id: customer.source_id.take(),
            ..CustomerInput::default()
        };
    }
}

fn codes(request: &ValidationRequest) -> u32 {
    let all = request.redeemables.iter();
    let codes = all.filter(|one| one.object == RedeemableKind::Voucher);
    u32::try_from(codes.count()).unwrap_or(u32::MAX)
}

/// As whom a browser tries codes.
fn person(request: &ValidationRequest) -> Option<&str> {
    let of_order = || request.order.as_ref()?.customer.as_ref();
    let customer = request.customer.as_ref().or_else(of_order);
    let named = customer.and_then(CustomerInput::key);
    named.or(request.tracking_id.as_deref())
}
