//! Which vouchers are listed, and in which order?
//!
//! Where their numbers alone say it, any number of them is paged through. Where each must be looked
//! at, at most so many are, and the call is refused where they are more: with a campaign or a
//! customer they are fewer.

use std::cmp::Reverse;

use rules::Condition;
use store::{Page, View};
use wire::voucherify::{Filter, RowField};

use super::*;
use crate::{
    api::dialect::{MOST_LOOKED_AT, READ, Window, may_look_at},
    exports::tables::{self, VOUCHER},
    people::People,
    vouchers::OF_HOLDER,
};

/// What a filter can ask of a voucher, by the names of the columns of a table: what is known
/// without reading its books.
const FIELDS: [&str; 16] = [
    "code",
    "voucher_type",
    "discount_type",
    "campaign",
    "campaign_id",
    "category",
    "start_date",
    "expiration_date",
    "active",
    "id",
    "is_referral_code",
    "created_at",
    "updated_at",
    "additional_info",
    "customer_id",
    "discount_effect",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Created,
    Updated,
    Code,
}

/// What a call asks for.
struct Asking {
    by: By,
    is_falling: bool,
    category: Option<String>,
    /// When they were made, and changed.
    created: Window,
    updated: Window,
    filters: Option<(Filter, Condition)>,
}

impl Asking {
    fn of(asked: &Asked) -> Result<Self, Refused> {
        let known = [
            ("created_at", By::Created),
            ("updated_at", By::Updated),
            ("code", By::Code),
        ];
        let (by, is_falling) = asked.order(&known)?;
        let field = |name: &str| -> Option<RowField> {
            tables::field(VOUCHER, name).filter(|_| FIELDS.contains(&name))
        };
        Ok(Self {
            by,
            is_falling,
            category: asked.get("category").map(str::to_owned),
            created: asked.window("created_at")?,
            updated: asked.window("updated_at")?,
            filters: asked.filters(field)?,
        })
    }

    /// Whether their numbers say all that is asked for.
    fn is_by_id(&self) -> bool {
        self.by == By::Created
            && self.category.is_none()
            && self.created.is_open()
            && self.updated.is_open()
            && self.filters.is_none()
    }

    /// Where a voucher stands among the others, if it is asked for.
    fn place(
        &self,
        compiled: &Compiled,
        issued: &Stored<Issued>,
    ) -> Result<Option<Place>, Refused> {
        let Ok((campaign, offer)) = standing(compiled, issued) else {
            return Ok(None);
        };
        let is_asked = self.created.takes(Some(issued.created_at))
            && self.updated.takes(issued.updated_at)
            && self.is_taken(issued, (&campaign, &offer))?;
        let voucher = &issued.thing.voucher;
        let at = match self.by {
            By::Created => issued.created_at,
            By::Updated => issued.updated_at.unwrap_or(issued.created_at),
            By::Code => 0,
        };
        let code = match self.by {
            By::Code => voucher.code.to_string(),
            By::Created | By::Updated => String::new(),
        };
        Ok(is_asked.then_some((at, code, voucher.id.0)))
    }

    fn is_taken(
        &self,
        issued: &Stored<Issued>,
        standing: (&Campaign, &Offer),
    ) -> Result<bool, Refused> {
        if self.category.is_none() && self.filters.is_none() {
            return Ok(true);
        }
        let shown = new_view(issued, standing);
        if self.category.is_some() && shown.category != self.category {
            return Ok(false);
        }
        let row = serde_json::to_value(shown).map_err(|e| Refused::Fault(e.to_string()))?;
        Ok(tables::takes(VOUCHER, &self.filters, &row))
    }
}

type Place = (Timestamp, String, u64);

/// Vouchers, newest first: all of them, or those of a campaign, of a customer, or of these `ids`.
#[utoipa::path(get, path = "/v1/vouchers", responses((status = 200, body = List<VoucherView>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let project = caller.project;
    let compiled = app.compiled(project).await?;
    let asking = Asking::of(&asked)?;
    let paging = asked.paging()?;
    let paging = match asking.is_falling {
        true => paging,
        false => paging.oldest_first(),
    };
    let among = Among::of(&app, (project, &compiled), &asked).await?;
    let mut view = app.store().view(project)?;
    let (ids, total) = match asking.is_by_id() {
        true => among.page(&mut view, paging).await?,
        false => {
            let places = scanned(&mut view, (&compiled, &among), &asking).await?;
            let total = places.len() as u64;
            (paging.cut(sorted((places, asking.is_falling))), total)
        }
    };
    let records = view.get_many(Kind::Voucher, &ids).await?;
    drop(view);
    let mut rows = Vec::new();
    for record in records.iter().flatten() {
        let issued = read(&record.body)?;
        if standing(&compiled, &issued).is_ok() {
            rows.push(super::view(&app, (project, &compiled), (&issued, caller.now)).await?);
        }
    }
    Answer::ok(&List::page("vouchers", rows, total))
}

fn sorted((mut places, is_falling): (Vec<Place>, bool)) -> Vec<u64> {
    match is_falling {
        true => places.sort_unstable_by_key(|place| Reverse(place.clone())),
        false => places.sort_unstable(),
    }
    places.into_iter().map(|(.., id)| id).collect()
}

/// Among which vouchers.
enum Among {
    All,
    Campaign(CampaignId),
    Holder(u64),
    /// Oldest first.
    These(Vec<u64>),
}

impl Among {
    async fn of(
        app: &App,
        (project, compiled): (ProjectId, &Compiled),
        asked: &Asked,
    ) -> Result<Self, Refused> {
        let mut view = app.store().view(project)?;
        let named = asked.all("ids");
        if let Some(code) = asked.get("code") {
            let code = offers::codes::normalise(code);
            let found = view.find_one(Index::VoucherCode, code.as_bytes()).await?;
            return Ok(Self::These(found.into_iter().collect()));
        }
        if !named.is_empty() {
            let ids = named
                .iter()
                .filter_map(|id| ids::parse(Tag::Voucher, id).ok());
            let mut ids: Vec<u64> = ids.collect();
            ids.sort_unstable();
            ids.dedup();
            let known = view.get_many(Kind::Voucher, &ids).await?;
            let known = known.iter().flatten().map(|record| record.id);
            return Ok(Self::These(known.collect()));
        }
        let of = asked.get("campaign_id").or_else(|| asked.get("campaign"));
        if let Some(name) = of {
            let campaign = campaigns::find(app, (project, compiled), name).await?;
            return Ok(Self::Campaign(campaign.thing.id));
        }
        let Some(name) = asked.get("customer") else {
            return Ok(Self::All);
        };
        let mut people = People::open(app, project)?;
        let customer = super::super::customers::known(&mut people, name).await?;
        let person = people.person(customer);
        match person.is_some_and(|person| person.former.is_empty()) {
            true => Ok(Self::Holder(customer.0)),
            // Who was somebody else before holds vouchers under more than one number.
            false => {
                let former = person.into_iter().flat_map(|person| &person.former);
                let mut ids = Vec::new();
                for number in former.copied().chain([customer]).collect::<Vec<_>>() {
                    ids.extend(under_both(&mut view, OF_HOLDER, (number.0, all())).await?);
                }
                ids.sort_unstable();
                Ok(Self::These(ids))
            }
        }
    }

    /// Their numbers, oldest first; one more than are looked at where there are more.
    async fn ids(&self, view: &mut View) -> Result<Vec<u64>, Refused> {
        match self {
            Self::All => Ok(view.ids(Kind::Voucher, all()).await?),
            Self::Campaign(id) => under_both(view, OF_CAMPAIGN, (id.0, all())).await,
            Self::Holder(id) => under_both(view, OF_HOLDER, (*id, all())).await,
            Self::These(ids) => Ok(ids.clone()),
        }
    }

    /// One page of them by number, and how many there are.
    async fn page(&self, view: &mut View, paging: Paging) -> Result<(Vec<u64>, u64), Refused> {
        let upto = paging.upto();
        let (ids, total) = match self {
            Self::All => {
                let total = view.count_records(Kind::Voucher).await?;
                (view.ids(Kind::Voucher, upto).await?, total)
            }
            Self::Campaign(id) => {
                let total = vouchers::count(view, *id).await?;
                (under_both(view, OF_CAMPAIGN, (id.0, upto)).await?, total)
            }
            Self::Holder(_) | Self::These(_) => {
                let mut ids = self.ids(view).await?;
                if upto.newest_first {
                    ids.reverse();
                }
                let total = ids.len() as u64;
                (ids, total)
            }
        };
        Ok((paging.cut(ids), total))
    }
}

fn all() -> Page {
    Page {
        after: 0,
        limit: MOST_LOOKED_AT + 1,
        newest_first: false,
    }
}

/// Where those stand that are asked for.
async fn scanned(
    view: &mut View,
    (compiled, among): (&Compiled, &Among),
    asking: &Asking,
) -> Result<Vec<Place>, Refused> {
    let ids = among.ids(view).await?;
    may_look_at(ids.len(), "vouchers")?;
    let mut places = Vec::new();
    for ids in ids.chunks(READ) {
        for record in view.get_many(Kind::Voucher, ids).await?.iter().flatten() {
            places.extend(asking.place(compiled, &read(&record.body)?)?);
        }
        // Others have their turn between two stretches.
        tokio::task::yield_now().await;
    }
    Ok(places)
}
