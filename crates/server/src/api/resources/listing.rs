//! Which of the things of a kind are listed, and in which order?

use std::collections::HashMap;

use ledger::Timestamp;
use store::{Index, Kind, Page, Record};
use wire::voucherify::{Key, List};

use super::{At, Kept, Resource};
use crate::{
    api::dialect::{Asked, Paging, page_of, refuse},
    once::Answer,
    problem::Refused,
};

/// Records that are read at once where all of them are.
const STRETCH: u32 = 500;

/// What a call asks of a list: a page, an order, and from when to when the rows were made.
pub struct Asking {
    paging: Paging,
    by: By,
    is_falling: bool,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    Created,
    Updated,
}

impl By {
    /// `order`, and whether the latest come first.
    ///
    /// # Errors
    /// When there is no such order.
    pub fn asked(asked: &Asked) -> Result<(Self, bool), Refused> {
        match asked.get("order").unwrap_or("-created_at") {
            "created_at" => Ok((Self::Created, false)),
            "-created_at" => Ok((Self::Created, true)),
            "updated_at" => Ok((Self::Updated, false)),
            "-updated_at" => Ok((Self::Updated, true)),
            other => {
                let details = format!("there is no order by {other}: created_at or updated_at");
                Err(refuse(Key::InvalidQueryParams, details))
            }
        }
    }
}

/// Where a row stands among the others: an instant, then its number.
pub type Place = (Timestamp, u64);

impl Asking {
    /// `limit`, `page`, `order`, `start_date` and `end_date`.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn of(asked: &Asked, usual: u32) -> Result<Self, Refused> {
        let (by, is_falling) = By::asked(asked)?;
        let paging = asked.paging_by(usual)?;
        Ok(Self {
            paging: if is_falling {
                paging
            } else {
                paging.oldest_first()
            },
            by,
            is_falling,
            from: asked.instant("start_date")?,
            until: asked.instant("end_date")?,
        })
    }

    /// Whether the rows lie in the order of their ids, all of them.
    fn is_by_id(&self) -> bool {
        self.by == By::Created && self.from.is_none() && self.until.is_none()
    }

    /// Where a row stands, if it is asked for.
    pub fn place<T: Resource>(&self, kept: &Kept<T>) -> Option<Place> {
        let (created, updated) = kept.times();
        let is_asked = self.from.is_none_or(|from| from <= created)
            && self.until.is_none_or(|until| created <= until);
        let at = match self.by {
            By::Created => created,
            By::Updated => updated.unwrap_or(created),
        };
        is_asked.then_some((at, kept.id))
    }

    /// The ids of this page, in order, and how many there are in all.
    pub fn page(&self, mut places: Vec<Place>) -> (Vec<u64>, u64) {
        let total = places.len() as u64;
        places.sort_unstable();
        if self.is_falling {
            places.reverse();
        }
        let ids = places.into_iter().map(|(_, id)| id).collect();
        (self.paging.cut(ids), total)
    }

    /// Of these rows those of this page, in order, and how many there are in all.
    pub fn cut<T: Resource>(&self, rows: Vec<Kept<T>>) -> (Vec<Kept<T>>, u64) {
        let places = rows.iter().filter_map(|row| self.place(row)).collect();
        let (ids, total) = self.page(places);
        let mut by_id: HashMap<u64, Kept<T>> = rows.into_iter().map(|row| (row.id, row)).collect();
        let page = ids.iter().filter_map(|id| by_id.remove(id)).collect();
        (page, total)
    }
}

/// The things of a kind.
///
/// # Errors
/// When the query cannot be read, or the store fails.
pub async fn list<T: Resource>(at: At<'_>, asked: &Asked) -> Result<Answer, Refused> {
    let asking = Asking::of(asked, T::PAGE)?;
    let found = if asking.is_by_id() {
        page_of(at.app, at.project, (T::KIND, asking.paging)).await?
    } else {
        picked::<T>(at, &asking, |_| true).await?
    };
    told::<T>(at, found).await
}

/// Those of the things of a kind that are taken. Each is looked at.
///
/// # Errors
/// When the query cannot be read, or the store fails.
pub async fn list_of<T: Resource>(
    at: At<'_>,
    asked: &Asked,
    takes: impl Fn(&Kept<T>) -> bool + Send + Sync,
) -> Result<Answer, Refused> {
    let asking = Asking::of(asked, T::PAGE)?;
    let found = picked::<T>(at, &asking, takes).await?;
    told::<T>(at, found).await
}

/// A page of those that are taken, and how many they are.
async fn picked<T: Resource>(
    at: At<'_>,
    asking: &Asking,
    takes: impl Fn(&Kept<T>) -> bool + Send + Sync,
) -> Result<(Vec<Record>, u64), Refused> {
    let place = |kept: &Kept<T>| asking.place(kept).filter(|_| takes(kept));
    let places = scan::<T, _>(at, place).await?;
    let (ids, total) = asking.page(places);
    let found = at.app.store().get_many(at.project, T::KIND, &ids).await?;
    Ok((found.into_iter().flatten().collect(), total))
}

async fn told<T: Resource>(
    at: At<'_>,
    (records, total): (Vec<Record>, u64),
) -> Result<Answer, Refused> {
    let rows = kept(&records)?;
    let shown = T::shown(at, &rows).await?;
    let key = Some(T::ROWS);
    Answer::ok(&List {
        key,
        ..List::page(T::DATA_REF, shown, total)
    })
}

fn kept<T: Resource>(records: &[Record]) -> Result<Vec<Kept<T>>, Refused> {
    records.iter().map(Kept::of).collect()
}

/// What is picked of all things of a kind, which are read in stretches.
///
/// # Errors
/// When the store cannot be read.
pub async fn scan<T: Resource, K: Send>(
    at: At<'_>,
    pick: impl Fn(&Kept<T>) -> Option<K> + Send + Sync,
) -> Result<Vec<K>, Refused> {
    let read = |record: &Record| Kept::of(record).map(|kept| pick(&kept));
    scan_records(at, T::KIND, read).await
}

/// What is picked of all records of a kind.
///
/// # Errors
/// When the store cannot be read.
pub async fn scan_records<K: Send>(
    at: At<'_>,
    kind: Kind,
    pick: impl Fn(&Record) -> Result<Option<K>, Refused> + Send + Sync,
) -> Result<Vec<K>, Refused> {
    let mut picked = Vec::new();
    let mut after = 0;
    loop {
        let page = Page {
            after,
            limit: STRETCH,
            newest_first: false,
        };
        let records = at.app.store().list(at.project, kind, page).await?;
        for record in &records {
            picked.extend(pick(record)?);
        }
        match records.last() {
            Some(last) if records.len() == STRETCH as usize => after = last.id,
            _ => return Ok(picked),
        }
        // Others have their turn between two stretches.
        tokio::task::yield_now().await;
    }
}

/// The things of a kind that are found under a key, at most so many, newest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn under<T: Resource>(
    at: At<'_>,
    (index, key): (Index, &[u8]),
    limit: u32,
) -> Result<Vec<Kept<T>>, Refused> {
    let page = Page {
        after: 0,
        limit,
        newest_first: true,
    };
    let mut view = at.app.store().view(at.project)?;
    let ids = view.find(index, key, page).await?;
    let records = view.get_many(T::KIND, &ids).await?;
    records.iter().flatten().map(Kept::of).collect()
}
