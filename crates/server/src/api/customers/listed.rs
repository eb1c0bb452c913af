//! Which customers are listed, and in which order?

use ledger::Timestamp;
use profiles::CustomerId;
use store::Record;
use wire::voucherify::Key;

use super::*;
use crate::{
    api::{
        dialect::{Asked, Paging, page_of, refuse},
        resources::scan_records,
    },
    segments, versioned,
};

/// Rows of a page when the request does not say.
const USUAL: u32 = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The customers the shop registered or whose events were kept, newest first unless `order` says
/// otherwise; by `email`, `name`, `city`, `segment_id`, and from when to when they were made or
/// changed: `created_at[after]`, `created_at[before]`, `updated_at[…]`.
#[utoipa::path(get, path = "/v1/customers", responses(
    (status = 200, description = "One page of customers.", body = List<CustomerView>)
))]
async fn list(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let wanted = Wanted::of(&asked)?;
    let (records, total, has_more) = if wanted.is_everybody() {
        let page = (Kind::Customer, asked.paging_by(USUAL)?);
        let (records, total) = page_of(&app, caller.project, page).await?;
        (records, total, None)
    } else {
        wanted.page(at, asked.paging_by(USUAL)?).await?
    };
    let compiled = app.compiled(caller.project).await?;
    let mut view = app.store().view(caller.project)?;
    let persons = persons(&records)?;
    let rows = all_shown(at, (&mut view, &compiled), &persons).await?;
    let last = rows.last().map(|row| row.created_at);
    let next = last.filter(|_| has_more == Some(true));
    Answer::ok(&List {
        has_more,
        more_starting_after: has_more.map(|_| next.and_then(wire::time::format)),
        ..List::page("customers", rows, total)
    })
}

/// Those who did not turn out to be somebody else.
///
/// # Errors
/// When something else wrote what is kept of them: a fault.
pub fn persons(records: &[Record]) -> Result<Vec<Person>, Refused> {
    let mut persons = Vec::with_capacity(records.len());
    for record in records {
        let person: Person = versioned::read(&record.body)?;
        persons.extend(Some(person).filter(|person| person.merged_into.is_none()));
    }
    Ok(persons)
}

/// What a list is asked for.
struct Wanted {
    email: Option<String>,
    name: Option<String>,
    city: Option<String>,
    segment: Option<u64>,
    created: Window,
    updated: Window,
    order: Order,
    is_falling: bool,
    /// Where the page begins: behind what was made then.
    starting_after: Option<Timestamp>,
    is_ordered: bool,
}

/// After and before which instants.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Window {
    after: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Window {
    fn of(asked: &Asked, field: &str) -> Result<Self, Refused> {
        Ok(Self {
            after: asked.instant(&format!("{field}[after]"))?,
            before: asked.instant(&format!("{field}[before]"))?,
        })
    }

    fn takes(self, at: Option<Timestamp>) -> bool {
        let is_after = |bound| at.is_some_and(|at| at > bound);
        let is_before = |bound| at.is_some_and(|at| at < bound);
        self.after.is_none_or(is_after) && self.before.is_none_or(is_before)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Created,
    Updated,
    Source,
}

/// Where a customer stands among the others.
type Place = (Option<String>, Timestamp, u64);

impl Wanted {
    fn of(asked: &Asked) -> Result<Self, Refused> {
        let text = |name: &str| asked.get(name).map(str::to_owned);
        let segment = asked.get("segment_id").map(|name| {
            ids::parse(Tag::Segment, name).map_err(|_| dialect::not_found("segment", name))
        });
        let order = asked.get("order").unwrap_or("-created_at");
        let (is_falling, field) = match order.strip_prefix('-') {
            Some(field) => (true, field),
            None => (false, order),
        };
        let order = match field {
            "created_at" => Order::Created,
            "updated_at" => Order::Updated,
            "source_id" => Order::Source,
            other => {
                let known = "created_at, updated_at or source_id";
                let details = format!("there is no order by {other}: {known}");
                return Err(refuse(Key::InvalidQueryParams, details));
            }
        };
        Ok(Self {
            email: text("email"),
            name: text("name"),
            city: text("city"),
            segment: segment.transpose()?,
            created: Window::of(asked, "created_at")?,
            updated: Window::of(asked, "updated_at")?,
            order,
            is_falling,
            starting_after: asked.instant("starting_after")?,
            is_ordered: asked.get("order").is_some(),
        })
    }

    fn is_everybody(&self) -> bool {
        let words = [&self.email, &self.name, &self.city];
        let is_open = self.created == Window::default() && self.updated == Window::default();
        words.iter().all(|word| word.is_none())
            && self.segment.is_none()
            && is_open
            && !self.is_ordered
            && self.starting_after.is_none()
    }

    /// One page of those that are wanted, how many there are, and, where the page begins behind an
    /// instant, whether there are more.
    async fn page(
        &self,
        at: At<'_>,
        paging: Paging,
    ) -> Result<(Vec<Record>, u64, Option<bool>), Refused> {
        let mut places = scan_records(at, Kind::Customer, |record| self.place(record)).await?;
        if let Some(segment) = self.segment {
            let mut within = BTreeSet::new();
            for (_, _, id) in &places {
                if is_within(at, CustomerId(*id), segment).await? {
                    within.insert(*id);
                }
            }
            places.retain(|(_, _, id)| within.contains(id));
        }
        let total = places.len() as u64;
        places.sort_unstable();
        if self.is_falling {
            places.reverse();
        }
        if let Some(start) = self.starting_after {
            places.retain(|(_, when, _)| match self.is_falling {
                true => *when < start,
                false => *when > start,
            });
        }
        let behind = places.len();
        let ids = paging.cut(places.into_iter().map(|(_, _, id)| id).collect());
        let has_more = self.starting_after.map(|_| behind > ids.len());
        let found = at.app.store().get_many(at.project, Kind::Customer, &ids);
        Ok((
            found.await?.into_iter().flatten().collect(),
            total,
            has_more,
        ))
    }

    /// Where a customer stands who is wanted, their segment aside.
    fn place(&self, record: &Record) -> Result<Option<Place>, Refused> {
        let person: Person = versioned::read(&record.body)?;
        if person.merged_into.is_some() {
            return Ok(None);
        }
        let said = said(&person)?;
        let is = |wanted: &Option<String>, told: Option<&str>| {
            let is_told = |wanted: &String| {
                told.is_some_and(|told| told.to_lowercase() == wanted.to_lowercase())
            };
            wanted.as_ref().is_none_or(is_told)
        };
        let city = said.address.as_ref().and_then(|one| one.city.as_deref());
        let is_wanted = is(&self.email, said.email.as_deref())
            && is(&self.name, said.name.as_deref())
            && is(&self.city, city)
            && self.created.takes(Some(person.created_at))
            && (self.updated == Window::default() || self.updated.takes(person.updated_at));
        let (created, updated) = (person.created_at, person.updated_at);
        Ok(is_wanted.then(|| match self.order {
            Order::Created => (None, created, record.id),
            Order::Updated => (None, updated.unwrap_or(created), record.id),
            Order::Source => (person.source_id.clone(), created, record.id),
        }))
    }
}

/// Whether a customer is in a segment, as far as they allow it to be known.
async fn is_within(at: At<'_>, customer: CustomerId, segment: u64) -> Result<bool, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let mut people = People::open(at.app, at.project)?;
    let customer = people.load(customer).await?;
    let whose = (&mut people, customer, at.now);
    let found = segments::of(whose, &compiled.segments).await?;
    Ok(found.is_some_and(|found| found.contains(&segment)))
}
