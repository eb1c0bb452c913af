//! Who are the shop's customers, in the shop's own words, and what is known of them?

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use profiles::{Choice, Consent, CustomerId, Identifier, IdentifierKind, NodeId, Purpose};
use rules::{Facts, Reads};
use serde::{Deserialize, Serialize};
use store::{Kind, Outcome, Page};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    decisions::ProfileView,
    ids::{self, Tag},
    voucherify::{CustomerInput, CustomerView, Event, List},
};

use super::{dialect, resources::At};
use crate::{
    app::App,
    auth::{Caller, CustomersRead, CustomersWrite},
    configuration,
    once::Answer,
    people::{People, Person},
    problem::Refused,
    setup::writes,
    webhooks, withdrawing,
};

const MAX_ATTEMPTS: usize = 20;
const LISTED: u32 = 100;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
        .routes(routes!(profile))
}

/// A customer as the shop writes them, with what they said of consent.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct CustomerWrite {
    #[serde(flatten)]
    customer: CustomerInput,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentInput>,
}

/// What is left out is left as it is.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ConsentInput {
    personalise_offers: Option<bool>,
    measure: Option<bool>,
}

impl ConsentInput {
    fn at(self, at: i64) -> Consent {
        let choice = |said: Option<bool>| match said {
            Some(true) => Choice::Granted { at },
            Some(false) => Choice::Denied { at },
            None => Choice::Unasked,
        };
        Consent {
            personalise_offers: choice(self.personalise_offers),
            measure: choice(self.measure),
        }
    }
}

/// Makes a customer, or changes the one with this `source_id` or `id`.
#[utoipa::path(post, path = "/v1/customers", request_body = CustomerWrite, responses(
    (status = 200, description = "The customer.", body = CustomerView)
))]
async fn create(
    State(app): State<App>,
    caller: Caller<CustomersWrite>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let input: CustomerWrite = dialect::parse(&body)?;
    upsert(&app, &caller, (None, input)).await
}

/// Changes a customer; makes one where the shop's own id is new.
#[utoipa::path(put, path = "/v1/customers/{id}", params(("id" = String, Path)),
    request_body = CustomerWrite, responses(
    (status = 200, description = "The customer.", body = CustomerView)
))]
async fn update(
    State(app): State<App>,
    caller: Caller<CustomersWrite>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let input: CustomerWrite = dialect::parse(&body)?;
    upsert(&app, &caller, (Some(id), input)).await
}

async fn upsert(
    app: &App,
    caller: &Caller<CustomersWrite>,
    (path, input): (Option<String>, CustomerWrite),
) -> Result<Answer, Refused> {
    for _ in 0..MAX_ATTEMPTS {
        let mut people = People::open(app, caller.project)?;
        let key = path.as_deref().or(input.customer.key());
        let who = who(&mut people, key, caller.now).await?;
        let view = put_down(&mut people, (who, caller.now), &input)?;
        let taken_back = people.taken_back();
        let (expects, changed) = people.finish()?;
        let mut command = writes(caller.project, changed);
        let compiled = app.compiled(caller.project).await?;
        let told = webhooks::newcomers(At::of(app, caller), &compiled, &expects)?;
        command.writes.extend(told);
        command.expects = expects;
        command.now = caller.now;
        match app.store().submit(command).await? {
            Outcome::Applied => {
                withdrawing::strip(app, (caller.project, caller.now), &taken_back).await?;
                return Answer::ok(&view);
            }
            Outcome::Stale { .. } => {}
            other => return Err(Refused::Fault(format!("a customer: {other:?}"))),
        }
    }
    Err(Refused::Busy)
}

/// The customer of this name, made if the name is the shop's own; a new one without a name.
async fn who(
    people: &mut People<'_>,
    key: Option<&str>,
    now: i64,
) -> Result<(CustomerId, NodeId), Refused> {
    let fresh;
    let key = match key {
        Some(key) => key,
        // Nobody else knows this name: the customer is found by the id we answer with.
        None => {
            fresh = people.fresh_name()?;
            &fresh
        }
    };
    if ids::parse(Tag::Customer, key).is_ok() {
        let found = people.named(key).await?;
        let customer = found.ok_or_else(|| dialect::not_found("customer", key))?;
        return Ok((customer, people.first_node(customer)));
    }
    let user = Identifier::new(IdentifierKind::User, key);
    let user =
        user.ok_or_else(|| dialect::malformed(&wire::Malformed::at("/source_id", "empty")))?;
    let made = people.resolve(&[user], now).await?;
    made.ok_or_else(|| Refused::Fault("a named customer is somebody".into()))
}

/// Writes what the shop says over what it said before.
fn put_down(
    people: &mut People<'_>,
    ((customer, node), now): ((CustomerId, NodeId), i64),
    input: &CustomerWrite,
) -> Result<CustomerView, Refused> {
    let Some(person) = people.person_mut(customer) else {
        return Err(Refused::Fault("a customer that was loaded is there".into()));
    };
    let mut said = said(person)?;
    let is_new = person.extra.is_empty();
    merge(&mut said, &input.customer);
    said.source_id = said.source_id.or_else(|| person.source_id.clone());
    person.source_id.clone_from(&said.source_id);
    person.extra = String::from_utf8(configuration::write(&said)?).unwrap_or_default();
    person.updated_at = (!is_new).then_some(now);
    let stated = stated(&person.traits, &said);
    person.traits = stated;
    let view = view(person, &said);
    if let Some(consent) = input.consent {
        people.state(customer, node, consent.at(now));
    }
    Ok(view)
}

/// What was stated before goes; what was observed stays.
pub(super) fn stated(before: &Facts, said: &CustomerInput) -> Facts {
    let mut facts = said.facts();
    for (path, value) in before.iter() {
        if path.as_str().starts_with("customer.trait.") {
            facts.set(path.as_str(), value.clone());
        }
    }
    facts
}

pub(super) fn merge(said: &mut CustomerInput, input: &CustomerInput) {
    fn over<T: Clone>(kept: &mut Option<T>, told: &Option<T>) {
        if told.is_some() {
            kept.clone_from(told);
        }
    }
    over(&mut said.source_id, &input.source_id);
    over(&mut said.name, &input.name);
    over(&mut said.description, &input.description);
    over(&mut said.email, &input.email);
    over(&mut said.phone, &input.phone);
    over(&mut said.birthdate, &input.birthdate);
    over(&mut said.address, &input.address);
    if let Some(metadata) = &input.metadata {
        let kept = said.metadata.get_or_insert_default();
        kept.extend(metadata.clone());
    }
}

/// What the shop says of a customer.
///
/// # Errors
/// When something else wrote it: a fault.
pub fn said(person: &Person) -> Result<CustomerInput, Refused> {
    if person.extra.is_empty() {
        return Ok(CustomerInput::default());
    }
    configuration::read(person.extra.as_bytes())
}

fn view(person: &Person, said: &CustomerInput) -> CustomerView {
    let id = ids::format(Tag::Customer, person.id.0);
    let mut view = CustomerView::of(id, said, person.created_at);
    view.updated_at = person.updated_at;
    view
}

/// The customers the shop registered or whose events were kept, newest first.
#[utoipa::path(get, path = "/v1/customers", responses(
    (status = 200, description = "The latest 100 customers.", body = List<CustomerView>)
))]
async fn list(State(app): State<App>, caller: Caller<CustomersRead>) -> Result<Answer, Refused> {
    let page = Page {
        after: 0,
        limit: LISTED,
        newest_first: true,
    };
    let store = app.store();
    let records = store.list(caller.project, Kind::Customer, page).await?;
    let mut rows = Vec::with_capacity(records.len());
    for record in records {
        let person: Person = crate::versioned::read(&record.body)?;
        if person.merged_into.is_none() {
            rows.push(view(&person, &said(&person)?));
        }
    }
    let total = store.count_records(caller.project, Kind::Customer).await?;
    Answer::ok(&List::page("customers", rows, total))
}

/// One customer, by `cust_…` or the shop's own id.
#[utoipa::path(get, path = "/v1/customers/{id}", params(("id" = String, Path)), responses(
    (status = 200, description = "The customer.", body = CustomerView),
    (status = 404, description = "There is no such customer.")
))]
async fn get(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    Path(id): Path<String>,
) -> Result<Answer, Refused> {
    let mut people = People::open(&app, caller.project)?;
    let customer = known(&mut people, &id).await?;
    let person = people.person(customer).cloned().unwrap_or_default();
    Answer::ok(&view(&person, &said(&person)?))
}

/// Deletes a customer and all they are known by. What was redeemed and counted stays in the books
/// under a number that leads to nobody.
#[utoipa::path(delete, path = "/v1/customers/{id}", params(("id" = String, Path)), responses(
    (status = 204, description = "Deleted."),
    (status = 404, description = "There is no such customer.")
))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CustomersWrite>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refused> {
    for _ in 0..MAX_ATTEMPTS {
        let mut people = People::open(&app, caller.project)?;
        let customer = known(&mut people, &id).await?;
        people.erase(customer);
        let taken_back = people.taken_back();
        let (expects, changed) = people.finish()?;
        let mut command = writes(caller.project, changed);
        let gone = webhooks::customer(customer.0);
        let told = webhooks::tell(At::of(&app, &caller), Event::CustomerDeleted, &gone).await?;
        command.writes.extend(told);
        command.expects = expects;
        command.now = caller.now;
        match app.store().submit(command).await? {
            Outcome::Applied => {
                withdrawing::strip(&app, (caller.project, caller.now), &taken_back).await?;
                return Ok(StatusCode::NO_CONTENT);
            }
            Outcome::Stale { .. } => {}
            other => return Err(Refused::Fault(format!("a customer: {other:?}"))),
        }
    }
    Err(Refused::Busy)
}

/// What is known of a customer, as far as they allow.
#[utoipa::path(get, path = "/v1/customers/{id}/profile", params(("id" = String, Path)),
    responses((status = 200, description = "Consent and facts.", body = ProfileView))
)]
async fn profile(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    Path(id): Path<String>,
) -> Result<Answer, Refused> {
    let mut people = People::open(&app, caller.project)?;
    let customer = known(&mut people, &id).await?;
    let profile = people.profile(customer);
    let facts = profiles::facts(
        &profile,
        Purpose::PersonaliseOffers,
        caller.now,
        &Reads::everything(),
    );
    let id = ids::format(Tag::Customer, customer.0);
    Answer::ok(&ProfileView::of(id, profile.consent, &facts))
}

/// Whom a path names.
///
/// # Errors
/// When there is nobody of that name.
pub(super) async fn known(people: &mut People<'_>, id: &str) -> Result<CustomerId, Refused> {
    let found = people.named(id).await?;
    found.ok_or_else(|| dialect::not_found("customer", id))
}
