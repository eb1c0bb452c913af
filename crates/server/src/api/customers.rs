//! Who are the shop's customers, in the shop's own words, and what is known of them?

mod listed;

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
};
use profiles::{Choice, Consent, CustomerId, Identifier, IdentifierKind, NodeId, Purpose};
use rules::{Facts, Reads};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Kind, Outcome, View};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    decisions::ProfileView,
    ids::{self, Tag},
    voucherify::{CustomerInput, CustomerView, DeletionView, Event, Key, List},
};

pub use listed::persons;

use super::{dialect, resources::At};
use crate::{
    app::App,
    auth::{Caller, CustomersRead, CustomersWrite},
    configuration::{self, Compiled},
    once::Answer,
    people::{People, Person},
    problem::Refused,
    reports::customers::{CameTo, came_to},
    schemas::Schemas,
    setup::writes,
    webhooks, withdrawing,
};

const MAX_ATTEMPTS: usize = 20;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .merge(listed::routes())
        .routes(routes!(get, update, delete))
        .routes(routes!(erase))
        .routes(routes!(profile))
}

/// A customer as the shop writes them, with what they said of consent.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct CustomerWrite {
    #[serde(flatten)]
    customer: CustomerInput,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentInput>,
}

/// What of [`CustomerWrite`] is not a customer's.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Beside {
    consent: Option<ConsentInput>,
}

impl CustomerWrite {
    /// Reads both parts by themselves: of what is flattened nobody could say where it is wrong.
    ///
    /// # Errors
    /// With the place where the body does not fit.
    fn read(body: &[u8]) -> Result<Self, Refused> {
        let customer = dialect::parse(body)?;
        let Beside { consent } = dialect::parse(body)?;
        Ok(Self { customer, consent })
    }

    /// The same, of a row of many.
    ///
    /// # Errors
    /// With the place where the row does not fit.
    pub(super) fn of_row(row: &Value) -> Result<Self, Refused> {
        let body = serde_json::to_vec(row).map_err(|error| Refused::Fault(error.to_string()))?;
        Self::read(&body)
    }
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
    let input = CustomerWrite::read(&body)?;
    written(At::of(&app, &caller), (None, &input)).await
}

/// Changes a customer; makes nobody.
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
    let input = CustomerWrite::read(&body)?;
    written(At::of(&app, &caller), (Some(&id), &input)).await
}

/// Writes a customer, and tells of them as they are then.
async fn written(at: At<'_>, asked: (Option<&str>, &CustomerWrite)) -> Result<Answer, Refused> {
    let person = upsert(at, asked).await?;
    let told = told(at, &person).await;
    Answer::ok(&told.map_err(Refused::after_all)?)
}

async fn told(at: At<'_>, person: &Person) -> Result<CustomerView, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let mut view = at.app.store().view(at.project)?;
    one_shown(at, (&mut view, &compiled), person).await
}

/// Makes a customer, or changes the one of this name; as they are kept then.
///
/// # Errors
/// When it cannot be kept so.
pub async fn upsert(
    At { app, project, now }: At<'_>,
    (path, input): (Option<&str>, &CustomerWrite),
) -> Result<Person, Refused> {
    let compiled = app.compiled(project).await?;
    for _ in 0..MAX_ATTEMPTS {
        let mut people = People::open(app, project)?;
        if let Some(path) = path {
            known(&mut people, path).await?;
        }
        let key = path.or(input.customer.key());
        let who = who(&mut people, key, now).await?;
        put_down(&mut people, (who, now), (input, &compiled.schemas))?;
        let person = people.person(who.0).cloned().unwrap_or_default();
        let taken_back = people.taken_back();
        let telling = (At { app, project, now }, compiled.as_ref());
        let (expects, changed) = webhooks::finished(people, telling)?;
        let mut command = writes(project, changed);
        command.expects = expects;
        command.now = now;
        match app.submit(command).await? {
            Outcome::Applied => {
                withdrawing::strip(app, (project, now), &taken_back).await?;
                return Ok(person);
            }
            Outcome::Stale { .. } => {}
            other => return Err(Refused::Fault(format!("a customer: {other:?}"))),
        }
    }
    Err(Refused::Busy)
}

/// Takes down what a call says of a customer on its way, who is made where the shop's name is new.
///
/// # Errors
/// When there is nobody of the id it gives.
pub(super) async fn taken_down(
    people: &mut People<'_>,
    (input, now): (&CustomerInput, i64),
    schemas: &Schemas,
) -> Result<CustomerId, Refused> {
    let who = who(people, input.key(), now).await?;
    let input = CustomerWrite {
        customer: input.clone(),
        consent: None,
    };
    put_down(people, (who, now), (&input, schemas))?;
    Ok(who.0)
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
    let user = user.ok_or_else(|| {
        let details = "/source_id: is empty or too long";
        dialect::refuse(Key::InvalidCustomer, details)
    })?;
    let made = people.resolve(&[user], now).await?;
    made.ok_or_else(|| Refused::Fault("a named customer is somebody".into()))
}

/// Writes what the shop says over what it said before.
fn put_down(
    people: &mut People<'_>,
    ((customer, node), now): ((CustomerId, NodeId), i64),
    (input, schemas): (&CustomerWrite, &Schemas),
) -> Result<(), Refused> {
    let lost = || Refused::Fault("a customer that was loaded is there".into());
    let person = people.person(customer).ok_or_else(lost)?;
    let before = self::said(person)?;
    let is_new = person.extra.is_empty();
    let mut said = before.clone();
    merge(&mut said, &input.customer);
    if is_new || input.customer.metadata.is_some() {
        schemas.check_new("customer", said.metadata.as_ref())?;
    }
    said.source_id = said.source_id.or_else(|| person.source_id.clone());
    if !is_new && said == before && input.consent.is_none() {
        return Ok(());
    }
    let person = people.person_mut(customer).ok_or_else(lost)?;
    person.source_id.clone_from(&said.source_id);
    person.extra = String::from_utf8(configuration::write(&said)?).unwrap_or_default();
    person.updated_at = (!is_new).then_some(now);
    let stated = stated(&person.traits, &said);
    person.traits = stated;
    if let Some(consent) = input.consent {
        people.state(customer, node, consent.at(now));
    }
    Ok(())
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

/// How a loaded customer is shown, as they are here and now.
///
/// # Errors
/// As of [`all_shown`].
pub(super) async fn shown(
    at: At<'_>,
    (people, compiled): (&mut People<'_>, &Compiled),
    customer: CustomerId,
) -> Result<CustomerView, Refused> {
    let person = people.person(customer).cloned().unwrap_or_default();
    one_shown(at, (people.view(), compiled), &person).await
}

async fn one_shown(
    at: At<'_>,
    with: (&mut View, &Compiled),
    person: &Person,
) -> Result<CustomerView, Refused> {
    let shown = all_shown(at, with, std::slice::from_ref(person)).await?;
    let shown = shown.into_iter().next();
    shown.ok_or_else(|| Refused::Fault("whoever is asked about is shown".into()))
}

/// How customers are shown, in their order, each with what they came to. It costs as
/// [`came_to`] does. What a customer came to is sums and ids, never an order or a code, and so told
/// to whoever may read the customer.
///
/// # Errors
/// When the store cannot be read, or something else wrote what is kept of them: a fault.
pub async fn all_shown(
    at: At<'_>,
    with: (&mut View, &Compiled),
    persons: &[Person],
) -> Result<Vec<CustomerView>, Refused> {
    let came_to = came_to(at, with, persons).await?;
    let shown = persons.iter().map(|person| {
        let id = ids::format(Tag::Customer, person.id.0);
        let CameTo {
            summary,
            loyalty,
            referrals,
        } = came_to.get(&person.id).cloned().unwrap_or_default();
        Ok(CustomerView {
            updated_at: person.updated_at,
            summary,
            loyalty,
            referrals,
            ..CustomerView::of(id, &said(person)?, person.created_at)
        })
    });
    shown.collect()
}

/// Customers by numbers that they have or had, as they are shown now. Who was erased is left out.
///
/// # Errors
/// As of [`all_shown`].
pub(super) async fn numbered(
    at: At<'_>,
    compiled: &Compiled,
    numbers: &[u64],
) -> Result<BTreeMap<u64, CustomerView>, Refused> {
    let name = |number: &u64| ids::format(Tag::Customer, *number);
    let names: Vec<String> = numbers.iter().map(name).collect();
    let mut people = People::open(at.app, at.project)?;
    let known = people.all_named(&names).await?;
    let found: BTreeSet<u64> = known.iter().flatten().map(|id| id.0).collect();
    let found: Vec<u64> = found.into_iter().collect();
    let view = people.view();
    let records = view.get_many(Kind::Customer, &found).await?;
    let persons = persons(&records.into_iter().flatten().collect::<Vec<_>>())?;
    let shown = all_shown(at, (view, compiled), &persons).await?;
    let shown: BTreeMap<String, CustomerView> =
        shown.into_iter().map(|one| (one.id.clone(), one)).collect();
    let by_number = numbers.iter().zip(known).filter_map(|(number, id)| {
        let shown = shown.get(&ids::format(Tag::Customer, id?.0))?;
        Some((*number, shown.clone()))
    });
    Ok(by_number.collect())
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
    let compiled = app.compiled(caller.project).await?;
    let mut people = People::open(&app, caller.project)?;
    let customer = known(&mut people, &id).await?;
    let at = At::of(&app, &caller);
    Answer::ok(&shown(at, (&mut people, &compiled), customer).await?)
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
    erased(At::of(&app, &caller), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Erases a customer, as deleting does, and answers the proof of it.
#[utoipa::path(post, path = "/v1/customers/{id}/permanent-deletion",
    params(("id" = String, Path)), responses(
    (status = 200, description = "That it is done.", body = DeletionView),
    (status = 404, description = "There is no such customer.")
))]
async fn erase(
    State(app): State<App>,
    caller: Caller<CustomersWrite>,
    Path(id): Path<String>,
) -> Result<Answer, Refused> {
    let customer = erased(At::of(&app, &caller), &id).await?;
    let proof = ids::format(Tag::Deletion, app.next_id()?);
    let customer = ids::format(Tag::Customer, customer.0);
    Answer::ok(&DeletionView::new(proof, customer, caller.now))
}

/// Erases whom a path names; the number they had.
async fn erased(at: At<'_>, name: &str) -> Result<CustomerId, Refused> {
    for _ in 0..MAX_ATTEMPTS {
        let mut people = People::open(at.app, at.project)?;
        let customer = known(&mut people, name).await?;
        people.erase(customer);
        let taken_back = people.taken_back();
        let (expects, changed) = people.finish()?;
        let mut command = writes(at.project, changed);
        let gone = webhooks::customer(customer.0);
        let told = webhooks::tell(at, Event::CustomerDeleted, &gone).await?;
        command.writes.extend(told);
        command.expects = expects;
        command.now = at.now;
        match at.app.submit(command).await? {
            Outcome::Applied => {
                withdrawing::strip(at.app, (at.project, at.now), &taken_back).await?;
                return Ok(customer);
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
pub async fn known(people: &mut People<'_>, id: &str) -> Result<CustomerId, Refused> {
    let found = people.named(id).await?;
    found.ok_or_else(|| dialect::not_found("customer", id))
}
