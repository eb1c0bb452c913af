//! What becomes of a thing by what was sent, what is written for it, and who is told?

use store::{Index, Write};
use wire::{ids, voucherify::Sent};

use super::{At, Kept, Resource, follows_schema, full, led, load, merged, taken};
use crate::{
    api::validation_rules::ruled,
    configuration::{Compiled, Stored},
    problem::Refused,
    webhooks,
};

/// A thing as it is to be kept.
pub struct Laid<T> {
    pub after: Kept<T>,
    /// As it was kept; of a new thing, nothing.
    before: Option<Kept<T>>,
}

impl<T: Resource> Laid<T> {
    /// A new thing.
    ///
    /// # Errors
    /// When there is no number left for it.
    pub fn new(at: At<'_>, (thing, id): (T, Option<u64>)) -> Result<Self, Refused> {
        let after = Kept {
            id: id.map_or_else(|| at.app.next_id(), Ok)?,
            version: 0,
            stored: Stored {
                thing,
                extra: serde_json::Value::Null,
                created_at: at.now,
                updated_at: None,
            },
        };
        Ok(Self {
            after,
            before: None,
        })
    }

    /// # Errors
    /// Never for what is stored; a fault if it happens.
    pub fn writes(&self) -> Result<Vec<Write>, Refused> {
        let mut writes = vec![self.after.put()?];
        let links = self.before.as_ref().map(|before| before.thing().links());
        writes.extend(relinks(&self.after, &links.unwrap_or_default()));
        writes.extend(ruled::in_step(self.before.as_ref(), &self.after)?);
        Ok(writes)
    }

    /// What tells those who asked of it, as it is shown.
    ///
    /// # Errors
    /// When there is no number left for it.
    pub fn told(
        &self,
        at: At<'_>,
        (compiled, shown): (&Compiled, &T::View),
    ) -> Result<Vec<Write>, Refused> {
        let before = self.before.as_ref();
        let event = T::event(before.map(Kept::thing), Some(self.after.thing()));
        let told = event.map(|event| webhooks::told(at, compiled, (event, shown)));
        let mut writes = told.transpose()?.unwrap_or_default();
        writes.extend(ruled::told(at, compiled, (before, Some(&self.after)))?);
        Ok(writes)
    }
}

/// What becomes of `start` and what was sent: a new thing, under this number if there is one, or
/// the one that has its natural key already, changed.
///
/// # Errors
/// When it cannot be kept so.
pub async fn laid<T: Resource>(
    at: At<'_>,
    start: T,
    (sent, id): (&Sent, Option<u64>),
) -> Result<Laid<T>, Refused> {
    let thing = merged(&start, sent)?;
    follows_schema(at, &thing).await?;
    if T::UPSERTS
        && let Some(id) = led::<T>(at, thing.natural()).await?
    {
        let name = ids::format(T::TAG, id);
        let known: Kept<T> = load(at, &name).await?;
        if !known.thing().is_beside(&start) {
            return Err(taken(&thing));
        }
        return altered(at, known, sent);
    }
    let (count, most) = T::room(at, &thing).await?;
    if count >= most {
        return Err(full::<T>(most));
    }
    Laid::new(at, (thing, id))
}

/// A thing as it is after a change. What is absent stays.
///
/// # Errors
/// When it cannot be kept so.
pub fn altered<T: Resource>(at: At<'_>, before: Kept<T>, sent: &Sent) -> Result<Laid<T>, Refused> {
    let after = Kept {
        id: before.id,
        version: before.version,
        stored: Stored {
            thing: merged(before.thing(), sent)?,
            extra: before.stored.extra.clone(),
            created_at: before.stored.created_at,
            updated_at: Some(at.now),
        },
    };
    Ok(Laid {
        after,
        before: Some(before),
    })
}

fn relinks<T: Resource>(thing: &Kept<T>, before: &[(Index, Vec<u8>)]) -> Vec<Write> {
    let (after, id) = (thing.thing().links(), thing.id);
    let gone = before.iter().filter(|link| !after.contains(link)).cloned();
    let gone = gone.map(|(index, key)| Write::Unlink { index, key, id });
    let new = after.iter().filter(|link| !before.contains(link)).cloned();
    let new = new.map(|(index, key)| Write::Link { index, key, id });
    gone.chain(new).collect()
}
