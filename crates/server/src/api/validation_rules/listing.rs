//! Which validation rules are listed, and in which order?

use super::*;
use crate::api::resources::scan_records;

/// What a call asks of a list.
struct Asking {
    by: By,
    is_falling: bool,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Created,
    Updated,
    Name,
}

/// Where a rule stands among the others: an instant, a name, its number.
type Place = (Timestamp, String, u64);

impl Asking {
    fn of(asked: &Asked) -> Result<Self, Refused> {
        let known = [
            ("created_at", By::Created),
            ("updated_at", By::Updated),
            ("name", By::Name),
        ];
        let (by, is_falling) = asked.order(&known)?;
        Ok(Self {
            by,
            is_falling,
            from: asked.instant("start_date")?,
            until: asked.instant("end_date")?,
        })
    }

    /// Whether the rules lie in the order of their numbers, all of them.
    fn is_by_id(&self) -> bool {
        self.by == By::Created && self.is_falling && self.from.is_none() && self.until.is_none()
    }

    /// Where a rule stands, if it is asked for.
    fn place(&self, id: u64, rule: &Stored<RuleInput>) -> Option<Place> {
        let made = rule.created_at;
        let is_asked = self.from.is_none_or(|from| from <= made)
            && self.until.is_none_or(|until| made <= until);
        let name = || rule.thing.name.clone().unwrap_or_default();
        is_asked.then(|| match self.by {
            By::Created => (made, String::new(), id),
            By::Updated => (rule.updated_at.unwrap_or(made), String::new(), id),
            By::Name => (0, name(), id),
        })
    }

    /// The numbers in order.
    fn sorted(&self, mut places: Vec<Place>) -> Vec<u64> {
        places.sort_unstable();
        if self.is_falling {
            places.reverse();
        }
        places.into_iter().map(|(.., id)| id).collect()
    }
}

/// Rules, newest first; `order` is by `created_at`, `updated_at` or `name`, and `start_date` and
/// `end_date` say when they were made.
#[utoipa::path(get, path = "/v1/validation-rules",
    responses((status = 200, body = List<RuleView>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let (at, asking, paging) = (At::of(&app, &caller), Asking::of(&asked)?, asked.paging()?);
    let kind = Kind::ValidationRule;
    let (records, total) = if asking.is_by_id() {
        page_of(&app, at.project, (kind, paging)).await?
    } else {
        let pick = |record: &Record| Ok(asking.place(record.id, &read(&record.body)?));
        let ids = asking.sorted(scan_records(at, kind, pick).await?);
        let total = ids.len() as u64;
        let page = paging.cut(ids);
        let found = app.store().get_many(at.project, kind, &page).await?;
        (found.into_iter().flatten().collect(), total)
    };
    let mut rows = Vec::new();
    for record in records {
        let rule = read(&record.body)?;
        rows.push(view(&app, at.project, (record.id, &rule)).await?);
    }
    Answer::ok(&List::page("data", rows, total))
}
