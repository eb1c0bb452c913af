//! What happened to a customer, or on a loyalty card? Told from what is kept of it anyway.

use axum::extract::{Path, State};
use ledger::Timestamp;
use offers::{TierMove, chart::Reason};
use serde_json::{Value, json};
use store::{Index, Kind, Page, Record, View};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    time,
    voucherify::{Activity, ActivityView, List, LoyaltyTier, Segment},
};

use super::{
    campaigns, customers,
    dialect::{Asked, Cursor},
    loyalties::members,
    publications::listed,
    redemptions::{self, order_now},
    resources::{At, Kept, Resource},
};
use crate::{
    activity::{Entry, OrderTurn, What},
    app::App,
    auth::{Caller, CampaignsRead, CustomersRead, Scope},
    checkout::{Redemption, StoredOrder},
    configuration::{Compiled, Stored, read},
    holding::numbers,
    loyalty,
    moves::{self, Line},
    once::Answer,
    people::{People, Person},
    problem::Refused,
    publishing::Publication,
    versioned,
    vouchers::{Issued, key},
};

/// Of each kind, so many of the newest are looked through.
const MOST: Page = Page {
    after: 0,
    limit: 1_000,
    newest_first: true,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_customer))
        .routes(routes!(of_member_in))
        .routes(routes!(of_member))
}

/// What happened to a customer, newest first: orders, redemptions and rollbacks, codes given, and
/// points that came or lapsed. The next page begins after `more_starting_after`.
#[utoipa::path(get, path = "/v1/customers/{id}/activity", params(("id" = String, Path)),
    responses((status = 200, body = List<ActivityView>)))]
async fn of_customer(
    State(app): State<App>,
    caller: Caller<CustomersRead>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let mut people = People::open(&app, caller.project)?;
    let customer = customers::known(&mut people, &name).await?;
    let person = people.person(customer).cloned().unwrap_or_default();
    let rows = rows_of_customer(at, people.view(), &person).await?;
    drop(people);
    let shows = caller.may(Scope::Redeem);
    answered(at, (&asked, shows), (Whose::Customer(customer.0), rows)).await
}

/// What happened on a member's card, newest first.
#[utoipa::path(get, path = "/v1/loyalties/{id}/members/{member}/activity",
    responses((status = 200, body = List<ActivityView>)))]
async fn of_member_in(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((campaign, member)): Path<(String, String)>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let shows = caller.may(Scope::Redeem);
    let at = At::of(&app, &caller);
    of_card(at, (Some(&campaign), &member), (&asked, shows)).await
}

/// What happened on a member's card, newest first.
#[utoipa::path(get, path = "/v1/loyalties/members/{member}/activity",
    responses((status = 200, body = List<ActivityView>)))]
async fn of_member(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(member): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let shows = caller.may(Scope::Redeem);
    of_card(At::of(&app, &caller), (None, &member), (&asked, shows)).await
}

async fn of_card(
    at: At<'_>,
    which: (Option<&str>, &str),
    asked: (&Asked, bool),
) -> Result<Answer, Refused> {
    let (issued, _) = members::find(at, which).await?;
    let rows = rows_of_card(at, &issued).await?;
    let whose = Whose::Card(issued.thing.voucher.id.0);
    answered(at, asked, (whose, rows)).await
}

/// Whose activity is told.
#[derive(Clone, Copy)]
enum Whose {
    Customer(u64),
    Card(u64),
}

/// Something that happened.
struct Row {
    id: u64,
    what: Activity,
    at: Timestamp,
    /// The order it belongs to, else itself.
    group: u64,
    campaign: Option<String>,
    about: About,
}

/// What is shown of it.
enum About {
    /// No more than whose it is.
    Itself,
    /// An order as it is now.
    Order(u64),
    Segment(u64),
    Tier {
        tier: u64,
        card: u64,
    },
    Shown(Value),
}

async fn rows_of_customer(
    at: At<'_>,
    view: &mut View,
    person: &Person,
) -> Result<Vec<Row>, Refused> {
    let mut rows = vec![Row {
        id: person.id.0,
        what: Activity::Created,
        at: person.created_at,
        group: person.id.0,
        campaign: None,
        about: About::Itself,
    }];
    for number in numbers(person) {
        let of = key(number.0);
        let done = view.find(Index::ActivityOfCustomer, &of, MOST).await?;
        for record in records(view, (Kind::Activity, &done)).await? {
            rows.push(entered(&record)?);
        }
        rows.extend(used(view, &done).await?);
        let given = view.find(Index::PublicationsOfCustomer, &of, MOST).await?;
        rows.extend(published(view, &given).await?);
    }
    for (card, _) in loyalty::cards_of(view, person).await? {
        rows.extend(moved(at, view, &card).await?);
    }
    Ok(rows)
}

async fn rows_of_card(at: At<'_>, issued: &Stored<Issued>) -> Result<Vec<Row>, Refused> {
    let mut view = at.app.store().view(at.project)?;
    let card = issued.thing.voucher.id.0;
    let of = key(card);
    let mut done = view.find(Index::RedemptionsOfVoucher, &of, MOST).await?;
    for record in records(&mut view, (Kind::Redemption, &done)).await? {
        let redemption: Redemption = versioned::read(&record.body)?;
        done.extend(redemption.rollbacks.iter().map(|back| back.id));
    }
    let mut rows = used(&mut view, &done).await?;
    let given = view.find(Index::PublicationsOfVoucher, &of, MOST).await?;
    rows.extend(published(&mut view, &given).await?);
    rows.extend(moved(at, &mut view, issued).await?);
    if let Some(holder) = issued.thing.holder() {
        rows.extend(of_tiers(&mut view, (holder, card)).await?);
    }
    Ok(rows)
}

/// To which tiers a card came, of what happened to its holder.
async fn of_tiers(view: &mut View, (holder, card): (u64, u64)) -> Result<Vec<Row>, Refused> {
    let of = key(holder);
    let done = view.find(Index::ActivityOfCustomer, &of, MOST).await?;
    let mut rows = Vec::new();
    for record in records(view, (Kind::Activity, &done)).await? {
        let row = entered(&record)?;
        if matches!(row.about, About::Tier { card: of, .. } if of == card) {
            rows.push(row);
        }
    }
    Ok(rows)
}

async fn records(view: &mut View, (kind, ids): (Kind, &[u64])) -> Result<Vec<Record>, Refused> {
    let found = view.get_many(kind, ids).await?;
    Ok(found.into_iter().flatten().collect())
}

fn entered(record: &Record) -> Result<Row, Refused> {
    let entry: Entry = versioned::read(&record.body)?;
    let (what, group, about) = match entry.what {
        What::Order { order, turn } => (of_turn(turn), order, About::Order(order)),
        What::Segment { segment, is_in } => {
            let what = match is_in {
                true => Activity::SegmentEntered,
                false => Activity::SegmentLeft,
            };
            (what, record.id, About::Segment(segment))
        }
        What::Tier { tier, moved, card } => (of_move(moved), record.id, About::Tier { tier, card }),
    };
    Ok(Row {
        id: record.id,
        what,
        at: entry.at,
        group,
        campaign: None,
        about,
    })
}

const fn of_turn(turn: OrderTurn) -> Activity {
    match turn {
        OrderTurn::Created => Activity::OrderCreated,
        OrderTurn::Paid => Activity::OrderPaid,
        OrderTurn::Updated => Activity::OrderUpdated,
        OrderTurn::Canceled => Activity::OrderCanceled,
    }
}

const fn of_move(moved: TierMove) -> Activity {
    match moved {
        TierMove::Joined => Activity::TierJoined,
        TierMove::Upgraded => Activity::TierUpgraded,
        TierMove::Downgraded => Activity::TierDowngraded,
        TierMove::Left => Activity::TierLeft,
    }
}

/// What of these are redemptions, those that failed, and rollbacks.
async fn used(view: &mut View, ids: &[u64]) -> Result<Vec<Row>, Refused> {
    let mut rows = Vec::new();
    for (kind, what) in [
        (Kind::Redemption, Activity::Redeemed),
        (Kind::Failure, Activity::RedemptionFailed),
    ] {
        let found = records(view, (kind, ids)).await?;
        let shown = redemptions::rows_in(view, &found).await?;
        let each = found.iter().zip(shown);
        for (record, shown) in each {
            rows.push(Row::shown((record.id, what), shown)?);
        }
    }
    for record in records(view, (Kind::Rollback, ids)).await? {
        let shown = read(&record.body)?;
        rows.push(Row::shown((record.id, Activity::RolledBack), shown)?);
    }
    Ok(rows)
}

async fn published(view: &mut View, ids: &[u64]) -> Result<Vec<Row>, Refused> {
    let mut rows = Vec::new();
    for record in records(view, (Kind::Publication, ids)).await? {
        let of: Publication = versioned::read(&record.body)?;
        rows.push(Row {
            id: of.id,
            what: match of.failure {
                None => Activity::Published,
                Some(_) => Activity::PublicationFailed,
            },
            at: of.created_at,
            group: of.id,
            campaign: of
                .campaign
                .as_ref()
                .map(|(id, _)| ids::format(Tag::Campaign, *id)),
            about: About::Shown(json(&listed::bare(&of)?)?),
        });
    }
    Ok(rows)
}

/// Points that came and lapsed. That some were spent is told by the redemption.
async fn moved(at: At<'_>, view: &mut View, issued: &Stored<Issued>) -> Result<Vec<Row>, Refused> {
    let mut lines = moves::lines(view, (at.project, &issued.thing)).await?;
    lines.retain(|line| activity_of(line).is_some());
    let older = lines.len().saturating_sub(MOST.limit as usize);
    lines.drain(..older);
    let told = moves::rows(view, issued, &lines).await?;
    let mut rows = Vec::new();
    for (line, told) in lines.iter().zip(told) {
        let told = json(&told)?;
        rows.extend(activity_of(line).map(|what| Row {
            id: line.chain,
            what,
            at: line.at,
            group: order_in(&told, "/details/order/id").unwrap_or(line.chain),
            campaign: Some(ids::format(Tag::Campaign, issued.thing.campaign.0)),
            about: About::Shown(told),
        }));
    }
    Ok(rows)
}

fn activity_of(line: &Line) -> Option<Activity> {
    match Reason::of(line.reason)? {
        Reason::PointsEarned | Reason::PointsAdded | Reason::PointsWithdrawn => {
            Some(Activity::PointsAdded)
        }
        Reason::PointsLapsed => Some(Activity::PointsExpired),
        _ => None,
    }
}

fn json<T: serde::Serialize>(of: &T) -> Result<Value, Refused> {
    serde_json::to_value(of).map_err(|error| Refused::Fault(error.to_string()))
}

fn order_in(shown: &Value, place: &str) -> Option<u64> {
    let name = shown.pointer(place)?.as_str()?;
    ids::parse(Tag::Order, name).ok()
}

impl Row {
    /// A redemption or a rollback, from how it is shown.
    fn shown((id, what): (u64, Activity), shown: Value) -> Result<Self, Refused> {
        let text = |place: &str| shown.pointer(place).and_then(Value::as_str);
        let campaign = text("/voucher/campaign_id").or_else(|| text("/promotion_tier/campaign/id"));
        let at = text("/date").and_then(time::parse);
        Ok(Self {
            id,
            what,
            at: at.ok_or_else(|| Refused::Fault("what happened has no date".into()))?,
            group: order_in(&shown, "/order/id").unwrap_or(id),
            campaign: campaign.map(str::to_owned),
            about: About::Shown(shown),
        })
    }
}

impl Whose {
    fn name(self, what: Activity) -> String {
        match (self, what) {
            // As the protocol spells them of a card.
            (Self::Card(_), Activity::Redeemed) => "customer.redemption.succceeded".to_owned(),
            (Self::Card(_), Activity::RolledBack) => {
                "customer.redemption.rollback.succceeded".to_owned()
            }
            _ => format!("customer.{}", what.name()),
        }
    }

    /// Where orders, codes and their uses are not the caller's to read, no more of them than ids.
    async fn show(
        self,
        view: &mut View,
        (row, shows): (Row, bool),
    ) -> Result<ActivityView, Refused> {
        let (member, tag, id) = match self {
            Self::Customer(id) => ("customer", Tag::Customer, id),
            Self::Card(id) => ("voucher", Tag::Voucher, id),
        };
        let mut data = json!({member: {"id": ids::format(tag, id), "object": member}});
        let about = match row.about {
            About::Itself => None,
            About::Shown(shown) if shows => Some(shown),
            About::Shown(shown) => {
                Some(json!({"id": shown.get("id"), "object": shown.get("object")}))
            }
            About::Order(order) if !shows => {
                Some(json!({"id": ids::format(Tag::Order, order), "object": "order"}))
            }
            About::Segment(id) => Some(named::<Segment>(view, id).await?),
            About::Tier { tier, card } => {
                if let (Self::Customer(_), Some(members)) = (self, data.as_object_mut()) {
                    let card = ids::format(Tag::Voucher, card);
                    let card = json!({"id": card, "object": "voucher"});
                    members.insert("voucher".into(), card);
                }
                Some(named::<LoyaltyTier>(view, tier).await?)
            }
            About::Order(order) => match view.get(Kind::Order, order).await? {
                Some(record) => {
                    let order: StoredOrder = versioned::read(&record.body)?;
                    Some(json(&order_now(view, &order).await?)?)
                }
                None => None,
            },
        };
        if let (Some(about), Some(members)) = (about, data.as_object_mut()) {
            members.insert(row.what.object().to_owned(), about);
        }
        Ok(ActivityView {
            id: ids::format(Tag::Event, row.id),
            kind: self.name(row.what),
            data,
            created_at: row.at,
            group_id: ids::format(Tag::Request, row.group),
        })
    }
}

/// A thing of the configuration by id and name; by its id alone where it was removed.
async fn named<T: Resource>(view: &mut View, id: u64) -> Result<Value, Refused> {
    let kept = view.get(T::KIND, id).await?;
    let kept = kept.map(|record| Kept::<T>::of(&record)).transpose()?;
    let view = kept.map(|kept| json(&T::bare(&kept))).transpose()?;
    let name = view.as_ref().and_then(|view| view.get("name"));
    Ok(json!({"id": ids::format(T::TAG, id), "name": name, "object": T::NAME}))
}

/// What is asked for of all that happened.
struct Wanted<'a> {
    asked: &'a Asked,
    compiled: &'a Compiled,
    whose: Whose,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Wanted<'_> {
    fn takes(&self, row: &Row) -> Result<bool, Refused> {
        let is_within =
            self.from.is_none_or(|from| row.at >= from) && self.until.is_none_or(|to| row.at <= to);
        let is = |name: &str, told: Option<&str>| {
            let wanted = self.asked.get(name);
            wanted.is_none_or(|wanted| told.is_some_and(|told| told.eq_ignore_ascii_case(wanted)))
        };
        Ok(is_within
            && is("type", Some(&self.whose.name(row.what)))
            && is("category", Some(row.what.category()))
            && is("campaign_id", row.campaign.as_deref())
            && is("campaign_type", self.campaign_type(row)?.as_deref()))
    }

    fn campaign_type(&self, row: &Row) -> Result<Option<String>, Refused> {
        let name = row.campaign.as_deref();
        let id = name.and_then(|name| ids::parse(Tag::Campaign, name).ok());
        let campaigns = &self.compiled.campaigns;
        let Some(campaign) = id.and_then(|id| campaigns.get(&offers::CampaignId(id))) else {
            return Ok(None);
        };
        let kind = json(&campaigns::kind_of(campaign)?)?;
        Ok(kind.as_str().map(str::to_owned))
    }
}

async fn answered(
    at: At<'_>,
    (asked, shows): (&Asked, bool),
    (whose, rows): (Whose, Vec<Row>),
) -> Result<Answer, Refused> {
    let cursor = Cursor::of(asked, Tag::Event)?;
    let compiled = at.app.compiled(at.project).await?;
    let wanted = Wanted {
        asked,
        compiled: &compiled,
        whose,
        from: asked.instant("start_date")?,
        until: asked.instant("end_date")?,
    };
    let mut taken = Vec::new();
    for row in rows {
        if wanted.takes(&row)? {
            taken.push(row);
        }
    }
    let total = taken.len() as u64;
    let (page, has_more) = cursor.cut(taken, |row| row.id);
    let next = page.last().filter(|_| has_more);
    let next = next.map(|row| ids::format(Tag::Event, row.id));
    let mut view = at.app.store().view(at.project)?;
    let mut shown = Vec::new();
    for row in page {
        shown.push(whose.show(&mut view, (row, shows)).await?);
    }
    Answer::ok(&List {
        has_more: Some(has_more),
        more_starting_after: Some(next),
        ..List::page("data", shown, total)
    })
}
