//! Segments of customers: a list, or whomever a filter takes in.

use std::collections::BTreeSet;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use offers::{CampaignId, Trigger};
use profiles::CustomerId;
use rules::Condition;
use store::Kind;
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    Malformed,
    ids::{self, Tag},
    voucherify::{List, Segment, SegmentType, SegmentView, Sent},
};

use super::{
    customers,
    dialect::{Asked, in_use, malformed, parse, retry},
    resources::{self, At, Call, Kept, Resource, load, sent, take_effect},
    validation_rules::naming,
};
use crate::{
    app::{App, renumbered},
    auth::{Caller, CustomersRead, CustomersWrite},
    configuration::{Compiled, Stored, numbered},
    exports::tables::{self, Column},
    membership::recheck,
    once::{self, Answer},
    people::People,
    problem::Refused,
    segments,
};

/// What a filter can ask of a segment.
const FIELDS: &[Column] = &[
    ("id", &["/id"]),
    ("name", &["/name"]),
    ("type", &["/type"]),
    ("created_at", &["/created_at"]),
];
/// Customers that are looked at together.
const STRETCH: usize = 500;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, delete))
        .routes(routes!(of_customer))
}

impl Resource for Segment {
    type View = SegmentView;
    const KIND: Kind = Kind::Segment;
    const TAG: Tag = Tag::Segment;
    const NAME: &'static str = "segment";
    const MOST: u64 = segments::MAX_LISTS + segments::MAX_FILTERS;
    const ROWS: &'static str = "segments";
    const DATA_REF: &'static str = "data";

    async fn room(at: At<'_>, new: &Self) -> Result<(u64, u64), Refused> {
        let compiled = at.app.compiled(at.project).await?;
        Ok(compiled.segments.room(new.kind()))
    }

    fn check(&self) -> Result<(), Malformed> {
        Segment::check(self)
    }

    fn bare(kept: &Kept<Self>) -> SegmentView {
        kept.thing().view(kept.id, kept.times())
    }
}

/// Make a segment. At most 100 with a filter, and 20,000 customers on the list of one.
///
/// The customers of a `static` one are those on its list. Whom the others take in is worked out
/// whenever it is asked, and only of customers who allow personal offers.
#[utoipa::path(post, path = "/v1/segments", request_body = Segment,
    responses((status = 200, body = SegmentView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CustomersWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/segments", &body))?;
    let at = At::of(&app, &caller);
    let made = created(at, &body, once).await;
    resources::told(at, once, made).await
}

async fn created(at: At<'_>, body: &[u8], once: Option<once::Key>) -> Result<Answer, Refused> {
    let segment: Segment = parse(body)?;
    segment.check().map_err(|wrong| malformed(&wrong))?;
    let sent = sent(body)?;
    let customers = named(at, segment.customers.as_deref().unwrap_or_default()).await?;
    let is_kept = segments::is_kept(&segment).map_err(|wrong| malformed(&wrong))?;
    let of = match is_kept {
        true => Of::Whoever,
        false => Of::These(&customers),
    };
    let answer = retry(|| put(at, (&sent, once), of)).await?;
    take_effect(at).await;
    forget_the_erased(at, &customers).await?;
    Ok(answer)
}

/// The customers that a list names, each once.
async fn named(at: At<'_>, names: &[String]) -> Result<BTreeSet<CustomerId>, Refused> {
    let mut people = People::open(at.app, at.project)?;
    let found = people.all_named(names).await?;
    let known = |(place, found): (usize, Option<CustomerId>)| {
        let place = format!("/customers/{place}");
        let missing = || malformed(&Malformed::at(place, "there is no such customer"));
        found.ok_or_else(missing)
    };
    found.into_iter().enumerate().map(known).collect()
}

/// Of whom a segment begins.
#[derive(Clone, Copy)]
enum Of<'a> {
    /// Those on its list; nobody where it is asked whenever somebody wants to know.
    These(&'a BTreeSet<CustomerId>),
    /// Whoever its filter takes in now.
    Whoever,
}

/// The segment and whom it begins with are one command: there is no half of a list.
async fn put(
    at: At<'_>,
    (sent, once): (&Sent, Option<once::Key>),
    of: Of<'_>,
) -> Result<Option<Answer>, Refused> {
    let id = at.app.next_id()?;
    let mut call = Call::new(sent, once);
    call.id = Some(id);
    match of {
        Of::These(customers) => {
            let links = customers.iter().flat_map(|one| segments::links(id, *one));
            call.writes.extend(links);
        }
        Of::Whoever => call.writes.extend(recheck::everybody(at)?),
    }
    call.writes.push(renumbered());
    resources::made(at, Segment::default(), call).await
}

/// Who was erased while the list was put down is on none.
async fn forget_the_erased(at: At<'_>, customers: &BTreeSet<CustomerId>) -> Result<(), Refused> {
    let numbers: Vec<u64> = customers.iter().map(|one| one.0).collect();
    for numbers in numbers.chunks(STRETCH) {
        let found = at.app.store().get_many(at.project, Kind::Customer, numbers);
        for (number, found) in numbers.iter().zip(found.await?) {
            if found.is_none() {
                segments::forget(at.app, at.project, CustomerId(*number)).await?;
            }
        }
    }
    Ok(())
}

/// Segments, newest first: all of them, or these `ids`, or those that `filters` take by `id`,
/// `name`, `type` and `created_at`.
#[utoipa::path(get, path = "/v1/segments",
    responses((status = 200, description = "The rows stand under `segments`.",
        body = List<SegmentView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let ids = asked.all("ids");
    let filters = asked.filters(|name| tables::field(FIELDS, name))?;
    if ids.is_empty() && filters.is_none() {
        return resources::list::<Segment>(at, &asked).await;
    }
    let takes = |kept: &Kept<Segment>| {
        let shown = Segment::bare(kept);
        let is_named = ids.is_empty() || ids.contains(&shown.id.as_str());
        let row = serde_json::to_value(shown);
        is_named && row.is_ok_and(|row| tables::takes(FIELDS, &filters, &row))
    };
    resources::list_of(at, &asked, takes).await
}

/// One segment.
#[utoipa::path(get, path = "/v1/segments/{id}", responses((status = 200, body = SegmentView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    resources::get::<Segment>(At::of(&app, &caller), &name).await
}

/// Remove a segment that no rule names.
#[utoipa::path(delete, path = "/v1/segments/{id}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CustomersWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    let known: Kept<Segment> = load(at, &name).await?;
    let id = ids::format(Tag::Segment, known.id);
    let rules = ("validation_rules", naming(at, &id).await?);
    // Rules of our own words stand in campaigns and their tiers themselves.
    let campaigns = (
        "campaigns",
        campaigns_naming(&*app.compiled(at.project).await?, &id),
    );
    let filters = ("segments", filters_naming(at, &id).await?);
    let earning = (
        "earning_rules",
        entered(&*app.compiled(at.project).await?, known.id),
    );
    for (by, names) in [rules, campaigns, filters, earning] {
        if !names.is_empty() {
            let details = format!("{name} is named by {by}: change them first");
            return Err(in_use(details, (by, names)));
        }
    }
    // The list goes first: as long as some of it is left, the segment can be removed again.
    if known.thing().kind() == SegmentType::Static {
        segments::empty(at.app, at.project, known.id).await?;
    }
    let attempt = async || {
        let known: Kept<Segment> = load(at, &name).await?;
        resources::removed(at, &known, vec![renumbered()]).await
    };
    let removed = retry(attempt).await?;
    take_effect(at).await;
    Ok(removed)
}

fn campaigns_naming(compiled: &Compiled, id: &str) -> Vec<String> {
    let is_named = |rule: &Condition| rule.to_string().contains(id);
    let campaigns = compiled.campaigns.values().map(|one| &one.thing);
    let campaigns = campaigns.filter(|one| is_named(&one.rule));
    let offers = compiled.offers.values().map(|one| &one.thing);
    let offers = offers.filter(|one| is_named(&one.rule));
    let campaigns = campaigns.map(|one| one.id);
    let all: BTreeSet<CampaignId> = campaigns.chain(offers.map(|one| one.campaign)).collect();
    let names = all.iter().map(|one| ids::format(Tag::Campaign, one.0));
    names.collect()
}

/// The segments whose filter asks whether somebody is in it.
async fn filters_naming(at: At<'_>, id: &str) -> Result<Vec<String>, Refused> {
    let mut view = at.app.store().view(at.project)?;
    let all = numbered::<Stored<Segment>>(&mut view, Kind::Segment).await?;
    let is_named = |kept: &Stored<Segment>| {
        let condition = kept.thing.condition().ok().flatten();
        condition.is_some_and(|condition| condition.to_string().contains(id))
    };
    let naming = all.iter().filter(|(_, kept)| is_named(kept));
    let names = naming.map(|(id, _)| ids::format(Tag::Segment, *id));
    Ok(names.collect())
}

/// The earning rules that give points to whoever enters it.
fn entered(compiled: &Compiled, segment: u64) -> Vec<String> {
    let entered = Trigger::SegmentEntered(segment);
    let rules = compiled.loyalty.on(&entered);
    let names = rules.map(|rule| ids::format(Tag::EarningRule, rule.id));
    names.collect()
}

/// The segments a customer is in now, oldest first: none where they do not allow personal offers.
#[utoipa::path(get, path = "/v1/customers/{id}/segments",
    responses((status = 200, body = List<SegmentView>)))]
async fn of_customer(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    Path(id): Path<String>,
) -> Result<Answer, Refused> {
    let compiled = app.compiled(caller.project).await?;
    let mut people = People::open(&app, caller.project)?;
    let customer = customers::known(&mut people, &id).await?;
    let whose = (&mut people, customer, caller.now);
    let found = segments::of(whose, &compiled.segments).await?;
    let found: Vec<u64> = found.into_iter().flatten().collect();
    let records = people.view().get_many(Kind::Segment, &found).await?;
    let rows = records.iter().flatten();
    let rows = rows.map(|record| Ok(Segment::bare(&Kept::of(record)?)));
    Answer::ok(&List::whole(rows.collect::<Result<Vec<_>, Refused>>()?))
}
