//! Which rows stand on the page that is asked for, and in which order?

use std::cmp::Reverse;

use wire::{
    time::{self, Cursor},
    voucherify::{QualificationOptions, SortingRule},
};

use super::Row;

/// One page of what applies.
pub struct Page {
    pub rows: Vec<Row>,
    /// Of all pages.
    pub total: u64,
    /// Where the next one begins, where there is one.
    pub next: Option<String>,
}

impl Page {
    pub fn of(mut rows: Vec<Row>, options: &QualificationOptions) -> Self {
        sort(&mut rows, options.sorting_rule);
        let total = rows.len() as u64;
        let from = options
            .starting_after
            .map_or(0, |cursor| after(&rows, cursor));
        let limit = usize::try_from(options.rows()).unwrap_or(usize::MAX);
        let to = from.saturating_add(limit).min(rows.len());
        let next = (to < rows.len() && to > 0)
            .then(|| behind(&rows, to - 1))
            .flatten();
        rows.truncate(to);
        rows.drain(..from.min(to));
        Self { rows, total, next }
    }
}

fn sort(rows: &mut [Row], rule: SortingRule) {
    let gives = |row: &Row| {
        let order = row.view.order.as_ref();
        order.map_or(0, |order| order.total_applied_discount_amount)
    };
    rows.sort_by_key(|row| Reverse(row.view.created_at));
    match rule {
        SortingRule::Default => {}
        SortingRule::MostOff => rows.sort_by_key(|row| Reverse(gives(row))),
        SortingRule::LeastOff => rows.sort_by_key(gives),
    }
}

/// How many rows lie before the page that begins behind a cursor.
fn after(rows: &[Row], cursor: Cursor) -> usize {
    let instants = rows.iter().map(|row| row.view.created_at).enumerate();
    let same = instants
        .filter(|(_, at)| *at == cursor.at)
        .map(|(place, _)| place);
    let mut same: Vec<usize> = same.collect();
    if let Some(nth) = cursor.nth {
        same.truncate(nth.into());
    }
    match same.last() {
        Some(place) => place + 1,
        // The row is gone: it stood before those that are older.
        None => rows
            .iter()
            .take_while(|row| row.view.created_at > cursor.at)
            .count(),
    }
}

/// The cursor behind a row.
fn behind(rows: &[Row], place: usize) -> Option<String> {
    let at = rows.get(place)?.view.created_at;
    let is_same = |row: &&Row| row.view.created_at == at;
    if rows.iter().filter(is_same).count() == 1 {
        return time::format(at);
    }
    let nth = rows.get(..=place)?.iter().filter(is_same).count();
    let nth = u16::try_from(nth).ok();
    Cursor { at, nth }.format()
}
