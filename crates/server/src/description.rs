//! What holds for every call, and is told of every one in `/openapi.json`: keys, refusals, retries
//! and the names in its path.

use std::collections::BTreeMap;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Components, Content, OpenApi, Ref, RefOr, Response, ResponseBuilder,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        schema::{ObjectBuilder, Type},
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};
use wire::{
    problem::{Place, Problem},
    voucherify::{ErrorBody, endpoint_of},
};

/// Anybody may ask: neither a key nor a scope is needed.
const OPEN: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Calls of pages, which have keys of their own.
const BROWSERS: &str = "/client/v1/";

/// Calls that answer a retry with the same `Idempotency-Key` as they did before.
const ONCE: &[&str] = &[
    "/client/v1/events",
    "/client/v1/publish",
    "/client/v1/redeem",
    "/client/v1/redemptions",
    "/management/v1/projects/{project}/metadata-schemas",
    "/v1/campaigns",
    "/v1/campaigns/{id}/import",
    "/v1/campaigns/{id}/importCSV",
    "/v1/campaigns/{id}/vouchers",
    "/v1/campaigns/{id}/vouchers/{code}",
    "/v1/categories",
    "/v1/customers/bulk/async",
    "/v1/customers/importCSV",
    "/v1/customers/metadata/async",
    "/v1/decisions",
    "/v1/events",
    "/v1/loyalties",
    "/v1/loyalties/members/{member}/balance",
    "/v1/loyalties/members/{member}/redemption",
    "/v1/loyalties/{id}/earning-rules",
    "/v1/loyalties/{id}/members",
    "/v1/loyalties/{id}/members/{member}/balance",
    "/v1/loyalties/{id}/members/{member}/redemption",
    "/v1/loyalties/{id}/rewards",
    "/v1/loyalties/{id}/tiers",
    "/v1/orders",
    "/v1/orders/import",
    "/v1/product-collections",
    "/v1/products",
    "/v1/products/bulk/async",
    "/v1/products/importCSV",
    "/v1/products/metadata/async",
    "/v1/products/{id}/skus",
    "/v1/promotions/tiers/{id}/redemption",
    "/v1/promotions/{campaign}/stacks",
    "/v1/promotions/{campaign}/tiers",
    "/v1/publications",
    "/v1/redemptions",
    "/v1/redemptions/{id}/rollback",
    "/v1/redemptions/{id}/rollbacks",
    "/v1/referrals/members/{member}/holders",
    "/v1/referrals/{campaign}/members/{member}/holders",
    "/v1/rewards",
    "/v1/rewards/{id}/assignments",
    "/v1/segments",
    "/v1/skus/importCSV",
    "/v1/validation-rules",
    "/v1/vouchers",
    "/v1/vouchers/bulk/async",
    "/v1/vouchers/import",
    "/v1/vouchers/importCSV",
    "/v1/vouchers/metadata/async",
    "/v1/vouchers/{code}",
    "/v1/vouchers/{code}/balance",
    "/v1/vouchers/{code}/redemption",
];

/// Whose refusals also come in Voucherify's body.
const VOUCHERIFY: &[&str] = &[
    "/client/v1/",
    "/management/v1/",
    "/v1/async-actions",
    "/v1/best-deals",
    "/v1/campaigns",
    "/v1/categories",
    "/v1/customers",
    "/v1/events",
    "/v1/exports",
    "/v1/loyalties",
    "/v1/metadata-schemas",
    "/v1/oauth",
    "/v1/orders",
    "/v1/product",
    "/v1/promotions",
    "/v1/publications",
    "/v1/qualifications",
    "/v1/redemptions",
    "/v1/referrals",
    "/v1/rewards",
    "/v1/segments",
    "/v1/skus",
    "/v1/validation",
    "/v1/vouchers",
];

/// Whether a request is one of Voucherify's protocol, served or not.
#[must_use]
pub fn is_voucherifys(method: &str, path: &str) -> bool {
    speaks_it(path) || endpoint_of(method, path).is_some()
}

fn speaks_it(path: &str) -> bool {
    VOUCHERIFY.iter().any(|start| path.starts_with(start))
}

/// The description, with what its calls do not say themselves.
#[must_use]
pub fn complete(mut description: OpenApi) -> OpenApi {
    let components = description.components.get_or_insert_default();
    add_schemas(components);
    add_schemes(components);
    let keys = ["bearer", "basic", "X-App-Token"];
    let key = |name| SecurityRequirement::new(name, Vec::<String>::new());
    description.security = Some(keys.map(key).into());
    for (path, item) in &mut description.paths.paths {
        describe(path, item);
    }
    description
}

fn add_schemas(components: &mut Components) {
    let all = &mut components.schemas;
    all.insert(Problem::name().into(), Problem::schema());
    all.insert(Place::name().into(), Place::schema());
    all.insert(ErrorBody::name().into(), ErrorBody::schema());
}

fn add_schemes(components: &mut Components) {
    let http = |scheme, told: &str| {
        let http = HttpBuilder::new().scheme(scheme).description(Some(told));
        SecurityScheme::Http(http.build())
    };
    let bearer = http(HttpAuthScheme::Bearer, "The key.");
    let basic = http(
        HttpAuthScheme::Basic,
        "The key as the user name, with no password, as Segment's clients send it.",
    );
    let token = ApiKeyValue::with_description("X-App-Token", "The key, as Voucherify's do.");
    components.add_security_scheme("bearer", bearer);
    components.add_security_scheme("basic", basic);
    components.add_security_scheme("X-App-Token", SecurityScheme::ApiKey(ApiKey::Header(token)));
    let told = "A public key, from a page that the settings list.";
    let token = ApiKeyValue::with_description("X-Client-Token", told);
    components.add_security_scheme(
        "X-Client-Token",
        SecurityScheme::ApiKey(ApiKey::Header(token)),
    );
}

fn describe(path: &str, item: &mut PathItem) {
    // A browser asks whether it may send before it sends its key.
    if let Some(preflight) = &mut item.options {
        preflight.security = Some(Vec::new());
    }
    if let Some(post) = item.post.as_mut().filter(|_| ONCE.contains(&path)) {
        post.parameters
            .get_or_insert_default()
            .push(RefOr::T(idempotency_key()));
    }
    for call in [&mut item.post, &mut item.put].into_iter().flatten() {
        refuse(path, call, &WRITES);
    }
    let calls = [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.delete,
    ];
    for call in calls.into_iter().flatten() {
        if OPEN.contains(&path) {
            call.security = Some(Vec::new());
            continue;
        }
        if path.starts_with(BROWSERS) {
            let key = SecurityRequirement::new("X-Client-Token", Vec::<String>::new());
            call.security = Some(vec![key]);
        }
        refuse(path, call, &ALL);
        if path.contains('{') {
            refuse(path, call, &NAMED);
            add_names(path, call);
        }
    }
}

type Refusal = (&'static str, &'static str);

const ALL: [Refusal; 4] = [
    ("400", "A header, the query or the body cannot be read."),
    ("401", "No key, or one nobody knows."),
    ("403", "The key lacks the scope of this call."),
    (
        "429",
        "Too much at once: try again after `Retry-After` seconds.",
    ),
];
const NAMED: [Refusal; 1] = [("404", "There is no such thing in this project.")];
const WRITES: [Refusal; 2] = [
    ("409", "It clashes with what is there."),
    (
        "422",
        "It can be read but not accepted, or the idempotency key was used otherwise.",
    ),
];

/// What the call says of a refusal itself stays; what its body is, is said here.
fn refuse(path: &str, call: &mut Operation, refusals: &[Refusal]) {
    let responses: &mut BTreeMap<_, _> = &mut call.responses.responses;
    for (status, told) in refusals {
        let described = responses
            .entry((*status).to_owned())
            .or_insert_with(|| RefOr::T(Response::new(*told)));
        if let RefOr::T(response) = described
            && response.content.is_empty()
        {
            *response = with_bodies(path, &response.description);
        }
    }
}

fn with_bodies(path: &str, told: &str) -> Response {
    let body = |name: &str| Content::new(Some(RefOr::Ref(Ref::from_schema_name(name))));
    let ours = body(&Problem::name());
    let mut response = ResponseBuilder::new()
        .description(told)
        .content("application/problem+json", ours);
    if speaks_it(path) {
        response = response.content("application/json", body(&ErrorBody::name()));
    }
    response.build()
}

fn idempotency_key() -> Parameter {
    let told = "At most 255 bytes, bare or quoted. The same key with the same request is answered \
                as before, with `Idempotency-Replayed: true`; with another it is 422.";
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(told))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

/// The names in the path that the call does not describe.
fn add_names(path: &str, call: &mut Operation) {
    let all = call.parameters.get_or_insert_default();
    for name in path.split('/').filter_map(|step| {
        step.strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
    }) {
        let is_known =
            |known: &RefOr<Parameter>| matches!(known, RefOr::T(known) if known.name == name);
        if all.iter().any(is_known) {
            continue;
        }
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build();
        all.push(RefOr::T(parameter));
    }
}
