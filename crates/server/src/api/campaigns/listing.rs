//! Which campaigns are listed, and in which order? All of them are in memory, so each is looked at.

use std::cmp::Reverse;

use super::*;
use crate::exports::tables::{self, Column};

/// What a filter can ask of a campaign.
const FIELDS: &[Column] = &[
    ("campaigns", &["/name"]),
    ("campaigns_id", &["/id"]),
    ("campaign_status", &["/vouchers_generation_status"]),
    ("status", &["/vouchers_generation_status"]),
    ("active", &["/active"]),
    ("is_referral_code", &["/voucher/is_referral_code"]),
    ("validity_timeframe", &[TIMEFRAME]),
    ("validity_day_of_week", &[DAYS]),
    ("voucher_type", &["/voucher/type"]),
    ("categories", &["/category"]),
    ("category_ids", &["/category_id"]),
    ("type", &["/type"]),
    ("created_date", &["/created_at"]),
    ("updated_at", &["/updated_at"]),
    ("start_date", &["/start_date"]),
    ("expiration_date", &["/expiration_date"]),
];

/// Where a timeframe is put as a text: `P2D;PT4H`, the interval and the duration.
const TIMEFRAME: &str = "/timeframe_as_text";
/// Where the days of the week are put as a text: `1,2,5`.
const DAYS: &str = "/days_as_text";

/// Campaigns, newest first; `campaign_type`, `campaign_status`, `is_referral_code` and `filters`
/// say which, and `expand=category` tells the category of each.
#[utoipa::path(get, path = "/v1/campaigns", responses((status = 200, body = List<CampaignView>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let (project, paging) = (caller.project, asked.paging()?);
    let compiled = app.compiled(project).await?;
    let mut reads = app.store().view(project)?;
    let making = actions::generating(&mut reads).await?;
    drop(reads);
    let filters = asked.filters(|name| tables::field(FIELDS, name))?;
    let mut all = Vec::new();
    for stored in compiled.campaigns.values() {
        let mut bare = bare_view(stored, &input_of(stored)?)?;
        if making.contains(&stored.thing.id.0) {
            bare.vouchers_generation_status = IN_PROGRESS;
        }
        let mut row = serde_json::to_value(&bare).map_err(|e| Refused::Fault(e.to_string()))?;
        complete(&mut row);
        let is_one = |name: &str, place: &str| {
            asked.get(name).is_none_or(|asked| {
                let is_asked = |text: &str| asked.split(',').any(|one| one.trim() == text);
                match row.pointer(place) {
                    Some(serde_json::Value::String(text)) => is_asked(text),
                    Some(serde_json::Value::Bool(flag)) => is_asked(&flag.to_string()),
                    _ => is_asked("false"),
                }
            })
        };
        let is_asked = tables::takes(FIELDS, &filters, &row)
            && is_one("campaign_type", "/campaign_type")
            && is_one("campaign_status", "/vouchers_generation_status")
            && is_one("is_referral_code", "/voucher/is_referral_code");
        if is_asked {
            all.push(stored.clone());
        }
    }
    sort(&mut all, asked.get("order").unwrap_or("-created_at"))?;
    let total = all.len() as u64;
    let mut rows = Vec::new();
    let tells_category = asked.all("expand").contains(&"category");
    for stored in paging.cut(all) {
        let mut row = view(&app, (project, &compiled), &stored).await?;
        if !tells_category {
            row.categories.clear();
        }
        rows.push(row);
    }
    Answer::ok(&List::page("campaigns", rows, total))
}

/// Adds as texts what is asked about and is none.
fn complete(row: &mut serde_json::Value) {
    let part = |name: &str| {
        row.pointer(&format!("/validity_timeframe/{name}"))?
            .as_str()
    };
    let timeframe = part("interval").zip(part("duration"));
    let timeframe = timeframe.map(|(interval, duration)| format!("{interval};{duration}"));
    let days = row.get("validity_day_of_week");
    let days = days.and_then(serde_json::Value::as_array).map(|days| {
        let days: Vec<String> = days.iter().map(ToString::to_string).collect();
        days.join(",")
    });
    for (place, text) in [(TIMEFRAME, timeframe), (DAYS, days)] {
        if let (Some(members), Some(text)) = (row.as_object_mut(), text) {
            members.insert(place.trim_start_matches('/').into(), text.into());
        }
    }
}

fn sort(all: &mut [Arc<Stored<Campaign>>], order: &str) -> Result<(), Refused> {
    let id = |one: &Arc<Stored<Campaign>>| one.thing.id;
    let changed = |one: &Arc<Stored<Campaign>>| {
        let at = one.updated_at.unwrap_or(one.created_at);
        (at, one.thing.id)
    };
    match order {
        "created_at" => all.sort_unstable_by_key(id),
        "-created_at" => all.sort_unstable_by_key(|one| Reverse(id(one))),
        "updated_at" => all.sort_unstable_by_key(changed),
        "-updated_at" => all.sort_unstable_by_key(|one| Reverse(changed(one))),
        other => {
            let details = format!("there is no order by {other}: created_at or updated_at");
            return Err(refuse(Key::InvalidQueryParams, details));
        }
    }
    Ok(())
}
