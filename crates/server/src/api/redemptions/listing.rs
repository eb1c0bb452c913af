//! Which redemptions are listed, and in which order?
//!
//! Where their numbers alone say it, any number of them is paged through. Where each must be looked
//! at, at most so many are, and the call is refused where they are more: of a campaign or a
//! customer they are fewer, and both are found by an index.

use std::collections::{BTreeSet, HashMap};

use rules::Condition;
use wire::voucherify::Filter;

use super::*;
use crate::{
    api::{
        campaigns,
        dialect::{MOST_LOOKED_AT, READ, Window, may_look_at},
    },
    configuration::Compiled,
    exports::tables::{self, Column},
    holding::numbers,
    people::People,
};

/// What a filter can ask of a redemption. No user is kept with it: of no redemption is the login
/// known.
const FIELDS: &[Column] = &[
    ("id", &["/id"]),
    ("object", &["/object"]),
    ("created_at", &["/date"]),
    ("result", &["/result"]),
    ("failure_code", &["/failure_code"]),
    ("voucher_code", &["/voucher/code", CODE_OF_FAILURE]),
    ("related_object_id", &["/related_object_id"]),
    ("related_object_type", &["/related_object_type"]),
    (
        "related_object_parent_id",
        &[
            "/voucher/campaign_id",
            "/promotion_tier/campaign_id",
            CAMPAIGN_OF_FAILURE,
        ],
    ),
    ("parent_redemption_id", &["/redemption"]),
    ("tracking_id", &["/tracking_id"]),
    ("customer_id", &["/customer_id"]),
    ("campaign_name", &["/voucher/campaign", CAMPAIGN_NAME]),
    ("user_login", &[]),
];
/// By which column there is an order; `None` where their numbers are it.
const ORDERS: [(&str, Option<&str>); 5] = [
    ("created_at", None),
    ("id", None),
    ("voucher_code", Some("voucher_code")),
    ("tracking_id", Some("tracking_id")),
    ("customer_id", Some("customer_id")),
];
/// Where the name of a campaign is put, because tiers and failures do not show it.
const CAMPAIGN_NAME: &str = "/campaign_called";
/// Where the campaign is put that somebody failed on.
const CAMPAIGN_OF_FAILURE: &str = "/campaign_of_failure";
/// Failures that pages told of a customer, at most: anybody can make a page fail.
const CLAIMED: Page = Page {
    after: 0,
    limit: 1_000,
    newest_first: true,
};
/// Where the code is put that somebody failed with.
const CODE_OF_FAILURE: &str = "/code_of_failure";
/// Those that were made, and those that failed.
const KINDS: [Kind; 2] = [Kind::Redemption, Kind::Failure];

/// All redemptions, newest first, failed ones included.
///
/// `result`, `campaign`, `customer`, `created_at[after]`, `created_at[before]` and `filters` say
/// which; `order` is by `created_at`, `id`, `voucher_code`, `tracking_id` or `customer_id`. A
/// `campaign` has those that used something of it or failed on it, a `customer` those of whoever
/// was known then; of several that were made together the single ones and, where it is no matter of
/// a campaign, their parent. Where each must be looked at, the call is refused when there are more
/// than 10,000.
#[utoipa::path(get, path = "/v1/redemptions",
    responses((status = 200, body = List<RedemptionView>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller<Redeem>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let project = caller.project;
    let compiled = app.compiled(project).await?;
    let asking = Asking::of(&asked)?;
    let paging = asking.paging(&asked)?;
    let among = Among::of(&app, (project, &compiled), &asked).await?;
    let mut view = app.store().view(project)?;
    let (ids, total) = match asking.is_by_id() && among.customer.is_none() {
        true => among.page(&mut view, &asking.kinds, paging).await?,
        false => {
            let mut places = scanned(&mut view, (&compiled, &among), &asking).await?;
            let total = places.len() as u64;
            places.sort_unstable();
            if asking.is_falling {
                places.reverse();
            }
            let ids = places.into_iter().map(|(_, id)| id).collect();
            (paging.cut(ids), total)
        }
    };
    let records = read_all(&mut view, &asking.kinds, &ids).await?;
    let mut rows = rows_in(&mut view, &records).await?;
    drop(view);
    Reader::of(&app, &caller).tell(&mut rows).await?;
    Answer::ok(&List::page("redemptions", rows, total))
}

/// What a call asks of each.
struct Asking {
    /// The column that says the order; `None` where their numbers do.
    by: Option<&'static str>,
    is_falling: bool,
    kinds: Vec<Kind>,
    created: Window,
    filters: Option<(Filter, Condition)>,
}

/// Where one stands among the others: what the order goes by, then its number.
type Place = (String, u64);

impl Asking {
    fn of(asked: &Asked) -> Result<Self, Refused> {
        let (by, is_falling) = asked.order(&ORDERS)?;
        Ok(Self {
            by,
            is_falling,
            kinds: kinds(asked.get("result")),
            created: asked.window("created_at")?,
            filters: asked.filters(|name| tables::field(FIELDS, name))?,
        })
    }

    fn paging(&self, asked: &Asked) -> Result<Paging, Refused> {
        let paging = asked.paging()?;
        Ok(match self.is_falling {
            true => paging,
            false => paging.oldest_first(),
        })
    }

    /// Whether their numbers say all that is asked for.
    fn is_by_id(&self) -> bool {
        self.by.is_none() && self.created.is_open() && self.filters.is_none()
    }

    /// Where one stands, if it is asked for.
    fn place(&self, id: u64, row: &serde_json::Value) -> Option<Place> {
        let date = tables::cell(FIELDS, row, "created_at").as_str();
        let date = date.and_then(wire::time::parse);
        let is_asked = self.created.takes(date) && tables::takes(FIELDS, &self.filters, row);
        let by = self.by.map(|by| tables::cell(FIELDS, row, by));
        let by = by.and_then(serde_json::Value::as_str).unwrap_or_default();
        is_asked.then(|| (by.to_owned(), id))
    }
}

fn kinds(result: Option<&str>) -> Vec<Kind> {
    match result.map(str::to_uppercase).as_deref() {
        None => KINDS.to_vec(),
        Some("SUCCESS") => vec![Kind::Redemption],
        Some("FAILURE") => vec![Kind::Failure],
        Some(_) => Vec::new(),
    }
}

/// Among which redemptions.
struct Among {
    campaign: Option<u64>,
    /// All numbers that the customer has or had.
    customer: Option<Vec<u64>>,
}

impl Among {
    async fn of(
        app: &App,
        (project, compiled): (ProjectId, &Compiled),
        asked: &Asked,
    ) -> Result<Self, Refused> {
        let campaign = match asked.get("campaign") {
            None => None,
            Some(name) => {
                let campaign = campaigns::find(app, (project, compiled), name).await?;
                Some(campaign.thing.id.0)
            }
        };
        let Some(name) = asked.get("customer") else {
            let customer = None;
            return Ok(Self { campaign, customer });
        };
        let mut people = People::open(app, project)?;
        let customer = customers::known(&mut people, name).await?;
        let all = people.person(customer).into_iter().flat_map(numbers);
        Ok(Self {
            campaign,
            customer: Some(all.map(|id| id.0).collect()),
        })
    }

    /// Those of a kind by number.
    async fn ids(&self, view: &mut View, (kind, page): (Kind, Page)) -> Result<Vec<u64>, Refused> {
        match self.campaign {
            Some(id) => Ok(view.find(of_campaign(kind), &key(id), page).await?),
            None => Ok(view.ids(kind, page).await?),
        }
    }

    async fn count(&self, view: &mut View, kind: Kind) -> Result<u64, Refused> {
        match self.campaign {
            Some(id) => Ok(view.count(of_campaign(kind), &key(id)).await?),
            None => Ok(view.count_records(kind).await?),
        }
    }

    /// One page of them by number, and how many there are.
    async fn page(
        &self,
        view: &mut View,
        kinds: &[Kind],
        paging: Paging,
    ) -> Result<(Vec<u64>, u64), Refused> {
        let (mut all, mut total) = (Vec::new(), 0);
        for kind in kinds {
            all.extend(self.ids(view, (*kind, paging.upto())).await?);
            total += self.count(view, *kind).await?;
        }
        all.sort_unstable();
        if paging.upto().newest_first {
            all.reverse();
        }
        Ok((paging.cut(all), total))
    }

    /// The numbers of all that are looked at; more than that where there are more.
    async fn all(&self, view: &mut View, kinds: &[Kind]) -> Result<Vec<u64>, Refused> {
        let page = Page {
            after: 0,
            limit: MOST_LOOKED_AT + 1,
            newest_first: false,
        };
        let mut all = Vec::new();
        // A customer has fewer than a campaign. Among them is what else happened to them, too.
        if let Some(customer) = &self.customer {
            for number in customer {
                let of = key(*number);
                all.extend(view.find(Index::ActivityOfCustomer, &of, page).await?);
                all.extend(view.find(Index::ClaimedFailures, &of, CLAIMED).await?);
            }
            return Ok(all);
        }
        for kind in kinds {
            all.extend(self.ids(view, (*kind, page)).await?);
        }
        Ok(all)
    }

    /// Of these of a customer those that are of the campaign, too.
    async fn within(&self, view: &mut View, redemption: &Redemption) -> Result<bool, Refused> {
        let (Some(id), Some(_)) = (self.campaign, &self.customer) else {
            return Ok(true);
        };
        let this = Page {
            after: redemption.id.saturating_sub(1),
            limit: 1,
            newest_first: false,
        };
        let index = of_campaign(redemption.kind());
        Ok(view.find(index, &key(id), this).await? == [redemption.id])
    }
}

fn of_campaign(kind: Kind) -> Index {
    match kind {
        Kind::Failure => Index::FailuresOfCampaign,
        _ => Index::RedemptionsOfCampaign,
    }
}

/// Where those stand that are asked for.
async fn scanned(
    view: &mut View,
    (compiled, among): (&Compiled, &Among),
    asking: &Asking,
) -> Result<Vec<Place>, Refused> {
    let mut ids = among.all(view, &asking.kinds).await?;
    may_look_at(ids.len(), "redemptions")?;
    let (mut places, mut seen) = (Vec::new(), BTreeSet::new());
    while !ids.is_empty() {
        let mut parents = BTreeSet::new();
        for ids in ids.chunks(READ) {
            let records = read_all(view, &asking.kinds, ids).await?;
            let rows = rows_in(view, &records).await?;
            for (record, mut row) in records.iter().zip(rows) {
                let redemption: Redemption = versioned::read(&record.body)?;
                if among.within(view, &redemption).await? {
                    complete(&mut row, (compiled, &redemption));
                    places.extend(asking.place(record.id, &row));
                }
                parents.extend(redemption.parent);
            }
            // Others have their turn between two stretches.
            tokio::task::yield_now().await;
        }
        seen.extend(ids);
        // Under a customer only the single ones are found; where all are, their parents are, too.
        let of_these = among.customer.is_some() && among.campaign.is_none();
        let missing = parents.difference(&seen).copied();
        ids = missing.filter(|_| of_these).collect();
    }
    Ok(places)
}

/// Adds what is asked for and not shown: whose a failure is, with which code and of which campaign,
/// and what the campaign of a tier is called.
fn complete(row: &mut serde_json::Value, (compiled, redemption): (&Compiled, &Redemption)) {
    let customer = redemption.customer.map(|id| ids::format(Tag::Customer, id));
    set(row, ("/customer_id", customer));
    let code = row
        .get("related_object_id")
        .filter(|_| has_failed_with_code(row));
    let code = code.and_then(serde_json::Value::as_str);
    let code = code.map(|code| offers::codes::normalise(code).to_string());
    set(row, (CODE_OF_FAILURE, code));
    let campaign = match (&redemption.used, redemption.redeemable) {
        (Used::Nothing { campaign, .. }, _) => *campaign,
        (_, Some(Redeemable::Tier(tier))) => compiled.of(tier).map(|(_, of)| of.id),
        _ => None,
    };
    let campaign = campaign.and_then(|id| compiled.campaigns.get(&id));
    let campaign = campaign.map(|campaign| &campaign.thing);
    set(row, (CAMPAIGN_NAME, campaign.map(|of| of.name.to_string())));
    let id = campaign.map(|of| ids::format(Tag::Campaign, of.id.0));
    set(row, (CAMPAIGN_OF_FAILURE, id));
}

fn has_failed_with_code(row: &serde_json::Value) -> bool {
    let is = |member: &str, value: &str| row.get(member).is_some_and(|found| found == value);
    is("result", "FAILURE") && is("related_object_type", "voucher")
}

fn set(row: &mut serde_json::Value, (place, text): (&str, Option<String>)) {
    if let (Some(members), Some(text)) = (row.as_object_mut(), text) {
        members.insert(place.trim_start_matches('/').into(), text.into());
    }
}

/// The records of these numbers, in their order.
async fn read_all(view: &mut View, kinds: &[Kind], ids: &[u64]) -> Result<Vec<Record>, Refused> {
    let mut found: HashMap<u64, Record> = HashMap::new();
    for kind in kinds {
        let records = view.get_many(*kind, ids).await?;
        found.extend(records.into_iter().flatten().map(|one| (one.id, one)));
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
