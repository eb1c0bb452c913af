//! The older calls about one redeemable, named in the path: each is the newer call about several,
//! asked about one.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::voucherify::{
    QualificationOptions, QualificationRequest, RedeemableKind, RedemptionView, SingleRequest,
    TierValidation, TierView, TiersValidation, ValidationResponse, VoucherValidation, VoucherView,
};

use super::{
    dialect::{Asked, parse_optional},
    promotions, qualifications, redemptions, validations, vouchers,
};
use crate::{
    app::App,
    auth::{Caller, Redeem},
    configuration::Compiled,
    once::{self, Answer},
    problem::Refused,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(validate_voucher))
        .routes(routes!(redeem_voucher))
        .routes(routes!(validate_tiers))
        .routes(routes!(validate_tier))
        .routes(routes!(redeem_tier))
}

/// Validate one voucher on an order.
#[utoipa::path(post, path = "/v1/vouchers/{code}/validate", request_body = SingleRequest,
    responses((status = 200, body = VoucherValidation)))]
async fn validate_voucher(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(code): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/vouchers/{code}/validate");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let request: SingleRequest = parse_optional(&body)?;
    let Some(key) = once else {
        let shown = voucher_validated(&app, &caller, (&code, request)).await?;
        return Answer::ok(&shown);
    };
    // What is kept shows the voucher, so it is read before: it is another call to hold it.
    let voucher = voucher(&app, &caller, &code).await.ok();
    let request = request.about(RedeemableKind::Voucher, &code);
    let show = |made: &ValidationResponse| {
        Answer::ok(&VoucherValidation::of(&code, made.clone(), voucher.clone()))
    };
    validations::answered_once(&app, &caller, (&request, key, &show)).await
}

/// Whether one code applies.
///
/// # Errors
/// When the request does not fit.
pub async fn voucher_validated(
    app: &App,
    caller: &Caller<Redeem>,
    (code, request): (&str, SingleRequest),
) -> Result<VoucherValidation, Refused> {
    let request = request.about(RedeemableKind::Voucher, code);
    let answer = validations::answered(app, caller, &request).await?;
    let voucher = match answer.valid {
        true => Some(voucher(app, caller, code).await?),
        false => None,
    };
    Ok(VoucherValidation::of(code, answer, voucher))
}

async fn voucher(app: &App, caller: &Caller<Redeem>, code: &str) -> Result<VoucherView, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let (issued, _) = vouchers::find(app, caller.project, code).await?;
    vouchers::view(app, (caller.project, &compiled), (&issued, caller.now)).await
}

/// Use one voucher on a paid order.
#[utoipa::path(post, path = "/v1/vouchers/{code}/redemption", request_body = SingleRequest,
    responses((status = 200, body = RedemptionView)))]
async fn redeem_voucher(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(code): Path<String>,
    (asked, headers, body): (Asked, HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/vouchers/{code}/redemption");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let of = (RedeemableKind::Voucher, code.as_str());
    redeemed(&app, &caller, (of, request(&body, &asked)?), once).await
}

/// All promotion tiers that apply to an order.
#[utoipa::path(post, path = "/v1/promotions/validation", request_body = SingleRequest,
    responses((status = 200, body = TiersValidation)))]
async fn validate_tiers(
    State(app): State<App>,
    caller: Caller<Redeem>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let asked: SingleRequest = parse_optional(&body)?;
    let request = QualificationRequest {
        customer: asked.customer,
        order: asked.order,
        metadata: asked.metadata,
        tracking_id: asked.tracking_id,
        options: Some(QualificationOptions {
            limit: Some(u64::MAX),
            ..QualificationOptions::default()
        }),
        ..QualificationRequest::default()
    };
    let answer = qualifications::answered(&app, &caller, &request).await?;
    let compiled = app.compiled(caller.project).await?;
    let mut promotions = Vec::new();
    for row in answer.redeemables.rows {
        // One that was removed meanwhile applies no more.
        if let Ok(tier) = tier(&compiled, &row.id) {
            let mut one = TierValidation::applicable(tier, row.order);
            one.applicable_to = row.applicable_to;
            promotions.push(one);
        }
    }
    promotions.sort_by_key(|one| one.hierarchy);
    Answer::ok(&TiersValidation {
        valid: !promotions.is_empty(),
        tracking_id: answer.tracking_id,
        promotions,
    })
}

/// Validate one promotion tier on an order.
#[utoipa::path(post, path = "/v1/promotions/tiers/{id}/validation", request_body = SingleRequest,
    responses((status = 200, body = TierValidation)))]
async fn validate_tier(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(id): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/promotions/tiers/{id}/validation");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let request: SingleRequest = parse_optional(&body)?;
    let tier = tier(&*app.compiled(caller.project).await?, &id)?;
    let request = request.about(RedeemableKind::PromotionTier, &id);
    let show =
        |made: &ValidationResponse| Answer::ok(&TierValidation::of(tier.clone(), made.clone()));
    match once {
        Some(key) => validations::answered_once(&app, &caller, (&request, key, &show)).await,
        None => show(&validations::answered(&app, &caller, &request).await?),
    }
}

/// Use one promotion tier on a paid order.
#[utoipa::path(post, path = "/v1/promotions/tiers/{id}/redemption", request_body = SingleRequest,
    responses((status = 200, body = RedemptionView)))]
async fn redeem_tier(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(id): Path<String>,
    (asked, headers, body): (Asked, HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/promotions/tiers/{id}/redemption");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let of = (RedeemableKind::PromotionTier, id.as_str());
    redeemed(&app, &caller, (of, request(&body, &asked)?), once).await
}

/// The oldest clients send the tracking id in the query.
fn request(body: &[u8], asked: &Asked) -> Result<SingleRequest, Refused> {
    let mut request: SingleRequest = parse_optional(body)?;
    let in_query = asked.get("tracking_id").map(str::to_owned);
    request.tracking_id = request.tracking_id.or(in_query);
    Ok(request)
}

/// Uses one redeemable; the answer is its redemption.
///
/// # Errors
/// When the request does not fit.
pub async fn redeemed(
    app: &App,
    caller: &Caller<Redeem>,
    ((object, id), request): ((RedeemableKind, &str), SingleRequest),
    once: Option<once::Key>,
) -> Result<Answer, Refused> {
    let request = request.about(object, id);
    let answer = redemptions::answered(app, caller, (&request, once)).await?;
    let view = answer.view()?;
    match view.pointer("/redemptions/0") {
        Some(redemption) => answer.showing(redemption),
        None => Ok(answer),
    }
}

fn tier(compiled: &Compiled, id: &str) -> Result<TierView, Refused> {
    let tier = promotions::find(compiled, id)?;
    let campaign = compiled.campaigns.get(&tier.thing.campaign);
    let campaign = campaign.ok_or_else(|| Refused::Fault("a tier without its campaign".into()))?;
    promotions::bare_view(&campaign.thing, &tier)
}
