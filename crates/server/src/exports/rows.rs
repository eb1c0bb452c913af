//! What does a table look at? The next things of its kind, each as the call for one shows it.

use serde_json::Value;
use store::{Kind, Page, Record, View};
use wire::{
    ids::{self, Tag},
    voucherify::{ExportedObject, Product, Sku},
};

use super::{Export, points, publications, tables::HOLDER_SOURCE, transactions};
use crate::{
    api::{
        campaigns, customers,
        redemptions::{self, order_now},
        resources::{At, Kept, Resource},
        vouchers,
    },
    people::People,
    problem::Refused,
    publishing::Publication,
    versioned,
    vouchers::{OF_CAMPAIGN, read, under_both},
};

/// Some rows.
#[derive(Default)]
pub struct Stretch {
    pub rows: Vec<Value>,
    /// How many things were looked at; some have no row.
    pub seen: usize,
    /// The last of them.
    pub last: Option<u64>,
}

impl Stretch {
    fn of(ids: &[u64]) -> Self {
        Self {
            rows: Vec::with_capacity(ids.len()),
            seen: ids.len(),
            last: ids.last().copied(),
        }
    }
}

/// The next rows of an export.
///
/// # Errors
/// When the store cannot be read, or what it is about is gone.
pub(super) async fn stretch(at: At<'_>, export: &Export, page: Page) -> Result<Stretch, Refused> {
    match export.object {
        ExportedObject::Voucher => of_vouchers(at, export, page).await,
        ExportedObject::Redemption => of_redemptions(at, export, page).await,
        ExportedObject::Customer => of_customers(at, page).await,
        ExportedObject::Order => of_orders(at, page).await,
        ExportedObject::VoucherTransactions => of_transactions(at, export, page).await,
        ExportedObject::Publication => of_publications(at, export, page).await,
        ExportedObject::PointsExpiration => of_points(at, export, page).await,
        ExportedObject::Product => of_things::<Product>(at, page).await,
        ExportedObject::Sku => of_things::<Sku>(at, page).await,
    }
}

/// The next vouchers, of a campaign where the export is of one.
async fn vouchers_of(
    at: At<'_>,
    (view, export): (&mut View, &Export),
    page: Page,
) -> Result<Vec<u64>, Refused> {
    let Some(name) = export.parameters.campaign_id.as_deref() else {
        return Ok(view.ids(Kind::Voucher, page).await?);
    };
    let compiled = at.app.compiled(at.project).await?;
    let campaign = campaigns::find(at.app, (at.project, &compiled), name).await?;
    under_both(view, OF_CAMPAIGN, (campaign.thing.id.0, page)).await
}

/// What moved on the next cards, card by card.
async fn of_transactions(at: At<'_>, export: &Export, page: Page) -> Result<Stretch, Refused> {
    let mut view = at.app.store().view(at.project)?;
    let ids = vouchers_of(at, (&mut view, export), page).await?;
    let records = view.get_many(Kind::Voucher, &ids).await?;
    let mut stretch = Stretch::of(&ids);
    for record in records.iter().flatten() {
        let issued = read(&record.body)?;
        let rows = transactions::of_card(&mut view, (at.project, &issued)).await?;
        stretch.rows.extend(rows);
    }
    Ok(stretch)
}

/// What lapses on the next cards, card by card.
async fn of_points(at: At<'_>, export: &Export, page: Page) -> Result<Stretch, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let mut view = at.app.store().view(at.project)?;
    let ids = vouchers_of(at, (&mut view, export), page).await?;
    let records = view.get_many(Kind::Voucher, &ids).await?;
    // A sandbox has its own clock, and stretches are made at different times: one day for all.
    let today = compiled.day(export.created_at);
    let mut stretch = Stretch::of(&ids);
    for record in records.iter().flatten() {
        let issued = read(&record.body)?;
        if issued.thing.card().is_none() || vouchers::standing(&compiled, &issued).is_err() {
            continue;
        }
        let rows = points::of_card(&mut view, (at, &issued.thing, today)).await?;
        stretch.rows.extend(rows);
    }
    Ok(stretch)
}

async fn of_vouchers(at: At<'_>, export: &Export, page: Page) -> Result<Stretch, Refused> {
    let compiled = at.app.compiled(at.project).await?;
    let mut view = at.app.store().view(at.project)?;
    let ids = vouchers_of(at, (&mut view, export), page).await?;
    let records = view.get_many(Kind::Voucher, &ids).await?;
    drop(view);
    let mut people = People::open(at.app, at.project)?;
    let mut stretch = Stretch::of(&ids);
    for record in records.iter().flatten() {
        let issued = read(&record.body)?;
        if vouchers::standing(&compiled, &issued).is_err() {
            continue;
        }
        let shown = vouchers::view(at.app, (at.project, &compiled), (&issued, at.now)).await?;
        let mut row = json(&shown)?;
        let holder = issued.thing.voucher.holder.filter(|_| export.tells_people);
        if let Some(source) = source_of(&mut people, holder).await?
            && let Some(row) = row.as_object_mut()
        {
            row.insert(HOLDER_SOURCE.trim_start_matches('/').into(), source.into());
        }
        stretch.rows.push(row);
    }
    Ok(stretch)
}

async fn source_of(
    people: &mut People<'_>,
    holder: Option<u64>,
) -> Result<Option<String>, Refused> {
    let Some(holder) = holder else {
        return Ok(None);
    };
    let found = people.named(&ids::format(Tag::Customer, holder)).await?;
    let person = found.and_then(|found| people.person(found));
    Ok(person.and_then(|person| person.source_id.clone()))
}

async fn of_publications(at: At<'_>, export: &Export, page: Page) -> Result<Stretch, Refused> {
    let kind = Kind::Publication;
    let records = at.app.store().list(at.project, kind, page).await?;
    let ids: Vec<u64> = records.iter().map(|record| record.id).collect();
    let mut people = People::open(at.app, at.project)?;
    let mut stretch = Stretch::of(&ids);
    for record in &records {
        let one: Publication = versioned::read(&record.body)?;
        let customer = one.customer.filter(|_| export.tells_people);
        let source = source_of(&mut people, customer).await?;
        stretch.rows.extend(publications::rows_of(&one, source)?);
    }
    Ok(stretch)
}

async fn of_redemptions(at: At<'_>, export: &Export, page: Page) -> Result<Stretch, Refused> {
    const KINDS: [Kind; 2] = [Kind::Redemption, Kind::Failure];
    let mut view = at.app.store().view(at.project)?;
    let mut ids = Vec::new();
    for kind in KINDS {
        ids.extend(view.ids(kind, page).await?);
    }
    ids.sort_unstable();
    if page.newest_first {
        ids.reverse();
    }
    ids.truncate(page.limit as usize);
    let mut records: Vec<Record> = Vec::with_capacity(ids.len());
    for kind in KINDS {
        records.extend(view.get_many(kind, &ids).await?.into_iter().flatten());
    }
    drop(view);
    records.sort_unstable_by_key(|record| record.id);
    if page.newest_first {
        records.reverse();
    }
    let mut stretch = Stretch::of(&ids);
    stretch.rows = redemptions::rows_of(at.app, at.project, &records).await?;
    redemptions::tell((at, export.tells_people), &mut stretch.rows).await?;
    Ok(stretch)
}

async fn of_customers(at: At<'_>, page: Page) -> Result<Stretch, Refused> {
    let records = at
        .app
        .store()
        .list(at.project, Kind::Customer, page)
        .await?;
    let ids: Vec<u64> = records.iter().map(|record| record.id).collect();
    let compiled = at.app.compiled(at.project).await?;
    let mut view = at.app.store().view(at.project)?;
    let persons = customers::persons(&records)?;
    let shown = customers::all_shown(at, (&mut view, &compiled), &persons).await?;
    let mut stretch = Stretch::of(&ids);
    stretch.rows = shown.iter().map(json).collect::<Result<_, _>>()?;
    Ok(stretch)
}

async fn of_orders(at: At<'_>, page: Page) -> Result<Stretch, Refused> {
    let mut view: View = at.app.store().view(at.project)?;
    let records = view.list(Kind::Order, page).await?;
    let ids: Vec<u64> = records.iter().map(|record| record.id).collect();
    let mut stretch = Stretch::of(&ids);
    for record in &records {
        let shown = order_now(&mut view, &versioned::read(&record.body)?).await?;
        stretch.rows.push(json(&shown)?);
    }
    Ok(stretch)
}

/// The next things that are kept as they were sent.
async fn of_things<T: Resource>(at: At<'_>, page: Page) -> Result<Stretch, Refused> {
    let records = at.app.store().list(at.project, T::KIND, page).await?;
    let ids: Vec<u64> = records.iter().map(|record| record.id).collect();
    let mut stretch = Stretch::of(&ids);
    for record in &records {
        stretch.rows.push(json(&T::bare(&Kept::of(record)?))?);
    }
    Ok(stretch)
}

fn json<T: serde::Serialize>(view: &T) -> Result<Value, Refused> {
    serde_json::to_value(view).map_err(|error| Refused::Fault(error.to_string()))
}
