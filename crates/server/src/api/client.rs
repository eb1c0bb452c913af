//! What a page may ask: the calls of `/client/v1`, with a public key and from a listed origin.
//! They come to what the shop's servers ask under `/v1`, but what a browser says of its customer
//! beside the name is passed over, and codes cannot be guessed.

use axum::{body::Bytes, extract::State, http::HeaderMap, response::Response, routing::options};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::voucherify::{
    CustomEventInput, CustomEventView, CustomerInput, Key, List, Meant, OrderInput,
    PublicationCreate, PublicationView, QualificationRequest, QualificationResponse,
    RedeemableKind, RedemptionRequest, RedemptionResponse, RedemptionView, Sent, SingleRequest,
    TierView, ValidationRequest, ValidationResponse, VoucherValidation, nested,
};

use super::{
    custom_events::{self, Teller},
    dialect::{Asked, malformed, parse, parse_optional, refuse},
    promotions, publications, qualifications, redemptions, single, validations,
};
use crate::{
    app::App,
    browsers::{self, Browser, PAGES},
    guessing::MOST_CODES,
    once::{self, Answer},
    problem::Refused,
};

const PATHS: [&str; 8] = [
    "/client/v1/qualifications",
    "/client/v1/promotions/tiers",
    "/client/v1/validations",
    "/client/v1/redemptions",
    "/client/v1/validate",
    "/client/v1/redeem",
    "/client/v1/events",
    "/client/v1/publish",
];

pub fn routes() -> OpenApiRouter<App> {
    let calls = OpenApiRouter::new()
        .routes(routes!(qualify))
        .routes(routes!(tiers))
        .routes(routes!(validate))
        .routes(routes!(redeem))
        .routes(routes!(validate_one))
        .routes(routes!(redeem_one))
        .routes(routes!(happened))
        .routes(routes!(publish));
    PATHS
        .into_iter()
        .fold(calls, |calls, path| calls.route(path, options(preflight)))
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
        unnamed(request.order.as_mut());
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
async fn validate(
    State(app): State<App>,
    browser: Browser,
    (headers, body): (HeaderMap, Bytes),
) -> Response {
    let call = ("POST /client/v1/validations", body.as_ref());
    let read = once::Key::of(&headers, browser.project(), call)
        .and_then(|once| Ok((claimed(&body)?, once)));
    let (mut request, once) = match read {
        Ok(read) => read,
        Err(refused) => return browser.told(refused),
    };
    unnamed(request.order.as_mut());
    let attempt = browser.tries(&app, person(&request), codes(&request));
    let caller = browser.caller(attempt.clone());
    let answer = match once {
        Some(key) => {
            let show = |made: &ValidationResponse| Answer::ok(made);
            validations::answered_once(&app, &caller, (&request, key, &show)).await
        }
        None => validations::answered(&app, &caller, &request)
            .await
            .and_then(|response| Answer::ok(&response)),
    };
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

/// Validate one voucher, asked by a query: `code`, and `amount`, `customer[…]`, `order[…]`,
/// `metadata[…]`, `tracking_id`, `session_type`, `session_key`, `session_ttl`, `session_ttl_unit`.
#[utoipa::path(get, path = "/client/v1/validate", params(("code" = String, Query)),
    responses((status = 200, body = VoucherValidation)))]
async fn validate_one(State(app): State<App>, browser: Browser, asked: Asked) -> Response {
    let (code, request) = match asked_by_query(&asked) {
        Ok(read) => read,
        Err(refused) => return browser.told(refused),
    };
    let about = request.clone().about(RedeemableKind::Voucher, &code);
    let attempt = browser.tries(&app, person(&about), 1);
    let caller = browser.caller(attempt.clone());
    let answer = single::voucher_validated(&app, &caller, (&code, request)).await;
    let answer = answer.and_then(|response| Answer::ok(&response));
    browser.ended(&app, &attempt, answer)
}

/// Use one voucher, named in the query as `code`.
#[utoipa::path(post, path = "/client/v1/redeem", request_body = SingleRequest,
    params(("code" = String, Query)), responses((status = 200, body = RedemptionView)))]
async fn redeem_one(
    State(app): State<App>,
    browser: Browser,
    (asked, headers, body): (Asked, HeaderMap, Bytes),
) -> Response {
    let read = may_redeem(&browser).and_then(|()| {
        let code = code(&asked)?;
        let call = format!("POST /client/v1/redeem?code={code}");
        let once = once::Key::of(&headers, browser.project(), (&call, &body))?;
        let mut request: SingleRequest = parse_optional(&body)?;
        as_claimed(&mut request.customer, request.order.as_mut());
        let in_query = asked.get("tracking_id").map(str::to_owned);
        request.tracking_id = request.tracking_id.or(in_query);
        Ok((code, request, once))
    });
    let (code, request, once) = match read {
        Ok(read) => read,
        Err(refused) => return browser.told(refused),
    };
    let about = request.clone().about(RedeemableKind::Voucher, &code);
    let attempt = browser.tries(&app, person(&about), 1);
    let caller = browser.caller(attempt.clone());
    let of = (RedeemableKind::Voucher, code.as_str());
    let answer = single::redeemed(&app, &caller, (of, request), once).await;
    browser.ended(&app, &attempt, answer)
}

/// Say that something happened to a customer. It is counted as their events are, where they allow
/// it; it earns no points and converts no referral, whatever the page says of cards and codes.
#[utoipa::path(post, path = "/client/v1/events", request_body = CustomEventInput,
    responses((status = 200, body = CustomEventView)))]
async fn happened(
    State(app): State<App>,
    browser: Browser,
    (headers, body): (HeaderMap, Bytes),
) -> Response {
    let answer = async {
        let call = ("POST /client/v1/events", body.as_ref());
        let once = once::Key::of(&headers, browser.project(), call)?;
        let mut sent: CustomEventInput = parse(&body)?;
        as_claimed(&mut sent.customer, None);
        (sent.referral, sent.loyalty) = (None, None);
        let at = browser.at(&app);
        custom_events::told(at, (&sent, Teller::Page), (&headers, once)).await
    };
    browser.told(answer.await)
}

/// Give a customer one code of a campaign, once, where the settings let browsers do that
/// (`client_publish_enabled`).
#[utoipa::path(post, path = "/client/v1/publish", params(("campaign" = Option<String>, Query)),
    request_body = PublicationCreate, responses((status = 200, body = PublicationView)))]
async fn publish(
    State(app): State<App>,
    browser: Browser,
    asked: Asked,
    (headers, body): (HeaderMap, Bytes),
) -> Response {
    let answer = async {
        if !browser.settings.client_publish_enabled {
            return Err(not_allowed("publish", "client_publish_enabled"));
        }
        // The older client names it beside the body.
        let campaign = asked.get("campaign").unwrap_or_default();
        let call = format!("POST /client/v1/publish {campaign}");
        let call = (call.trim_end(), body.as_ref());
        let once = once::Key::of(&headers, browser.project(), call)?;
        let mut sent: PublicationCreate = parse(&body)?;
        if !campaign.is_empty() {
            sent.campaign.get_or_insert(Meant::Named(campaign.into()));
        }
        as_claimed(&mut sent.customer, None);
        publications::to_page(browser.at(&app), &sent, once).await
    };
    browser.told(answer.await)
}

fn code(asked: &Asked) -> Result<String, Refused> {
    let code = asked.get("code").filter(|code| !code.trim().is_empty());
    let missing = || refuse(Key::InvalidQueryParams, "code: which voucher?");
    code.map(str::to_owned).ok_or_else(missing)
}

/// A validation as the oldest clients write it.
fn asked_by_query(asked: &Asked) -> Result<(String, SingleRequest), Refused> {
    const SESSION: &str = "session_";
    let code = code(asked)?;
    let mut members = nested(asked.pairs()).map_err(|wrong| malformed(&wrong))?;
    let session: Sent = ["type", "key", "ttl", "ttl_unit"]
        .into_iter()
        .filter_map(|name| {
            Some((
                name.to_owned(),
                members.remove(&format!("{SESSION}{name}"))?,
            ))
        })
        .collect();
    if !session.is_empty() {
        members.insert("session".into(), session.into());
    }
    if let Some(amount) = members.remove("amount") {
        let order = members.entry("order").or_insert_with(|| Sent::new().into());
        let order = order.as_object_mut();
        order.map(|order| order.entry("amount").or_insert(amount));
    }
    let body = serde_json::Value::from(members).to_string();
    let mut request: SingleRequest = parse(body.as_bytes())?;
    as_claimed(&mut request.customer, request.order.as_mut());
    unnamed(request.order.as_mut());
    Ok((code, request))
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
    Err(not_allowed("redeem", "client_redeem_enabled"))
}

fn not_allowed(what: &str, setting: &str) -> Refused {
    let details = format!("pages may not {what}: the settings do not allow it ({setting})");
    refuse(Key::Forbidden, details)
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
/// would believe it. Who sent them it does not say at all.
fn as_claimed(customer: &mut Option<CustomerInput>, mut order: Option<&mut OrderInput>) {
    if let Some(order) = &mut order {
        (order.referrer, order.referrer_id) = (None, None);
    }
    let of_order = order.and_then(|order| order.customer.as_mut());
    for customer in customer.as_mut().into_iter().chain(of_order) {
        *customer = CustomerInput {
            id: customer.id.take(),
            source_id: customer.source_id.take(),
            ..CustomerInput::default()
        };
    }
}

/// An order that merely is looked at has no name: by its name anybody could read what somebody
/// bought.
fn unnamed(order: Option<&mut OrderInput>) {
    if let Some(order) = order {
        (order.id, order.source_id) = (None, None);
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
