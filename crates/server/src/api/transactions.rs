//! What moved on a gift card or a loyalty card? Its transactions, page by page.

use axum::extract::{Path, State};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{Key, List, TransactionView},
};

use super::{
    dialect::{Asked, refuse},
    resources::At,
    vouchers,
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead},
    configuration::Stored,
    moves::{self, Line},
    once::Answer,
    problem::Refused,
    vouchers::Issued,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(of_voucher))
}

/// What moved on a gift card or a loyalty card, newest first.
#[utoipa::path(get, path = "/v1/vouchers/{code}/transactions",
    responses((status = 200, body = List<TransactionView>)))]
async fn of_voucher(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(code): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let (issued, _) = vouchers::find(&app, caller.project, &code).await?;
    of_card(At::of(&app, &caller), &issued, &asked).await
}

/// The lines of a card that are asked for.
///
/// # Errors
/// When what is asked for cannot be read.
pub async fn of_card(
    at: At<'_>,
    issued: &Stored<Issued>,
    asked: &Asked,
) -> Result<Answer, Refused> {
    let wanted = Wanted::of(asked)?;
    let paging = asked.paging()?;
    let mut view = at.app.store().view(at.project)?;
    let mut lines = moves::lines(&mut view, (at.project, &issued.thing)).await?;
    if wanted.is_newest_first {
        lines.reverse();
    }
    let card = ids::format(Tag::Voucher, issued.thing.voucher.id.0);
    lines.retain(|line| wanted.takes((&card, line)));
    let total = lines.len() as u64;
    let rest: Vec<Line> = lines
        .into_iter()
        .filter(|line| wanted.is_behind(line))
        .collect();
    let page = paging.cut(rest.clone());
    let last = page.last().map(|line| line.chain);
    let has_more = last.is_some() && rest.last().map(|line| line.chain) != last;
    let rows = moves::rows(&mut view, issued, &page).await?;
    let next = last.filter(|_| has_more);
    let next = next.map(|chain| ids::format(Tag::Transaction, chain));
    Answer::ok(&List {
        has_more: Some(has_more),
        more_starting_after: Some(next),
        ..List::page("data", rows, total)
    })
}

/// Which lines, and from where on.
struct Wanted {
    is_newest_first: bool,
    /// The page begins behind it.
    after: Option<u64>,
    ids: Option<Vec<String>>,
    vouchers: Option<Vec<String>>,
}

impl Wanted {
    fn of(asked: &Asked) -> Result<Self, Refused> {
        let wrong = |details: String| refuse(Key::InvalidQueryParams, details);
        let is_newest_first = match asked.get("order").unwrap_or("-id") {
            "id" => false,
            "-id" => true,
            other => return Err(wrong(format!("there is no order by {other}: id or -id"))),
        };
        let after = asked.get("starting_after_id").map(|name| {
            let id = ids::parse(Tag::Transaction, name);
            id.map_err(|_| wrong(format!("starting_after_id: {name} is no transaction's id")))
        });
        Ok(Self {
            is_newest_first,
            after: after.transpose()?,
            ids: asked.filter("id")?,
            vouchers: asked.filter("voucher_id")?,
        })
    }

    /// Whether the filters take it.
    fn takes(&self, (card, line): (&str, &Line)) -> bool {
        let is_among = |names: &Option<Vec<String>>, name: &str| {
            let names = names.as_ref();
            names.is_none_or(|names| names.iter().any(|one| one == name))
        };
        let id = ids::format(Tag::Transaction, line.chain);
        is_among(&self.ids, &id) && is_among(&self.vouchers, card)
    }

    fn is_behind(&self, line: &Line) -> bool {
        self.after.is_none_or(|after| match self.is_newest_first {
            true => line.chain < after,
            false => line.chain > after,
        })
    }
}
