//! Whom does the shop mean by each of many names? A few reads for all of them together.

use std::collections::HashMap;

use profiles::{CustomerId, Identifier, IdentifierKind};
use store::{Index, Kind};
use wire::ids::{self, Tag};

use super::{MAX_IDENTIFIERS, People, Person};
use crate::{problem::Refused, versioned};

/// Names that are looked up at once.
const STRETCH: usize = 500;

impl People<'_> {
    /// As [`People::named`] of each, as they are known now. Nobody is loaded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn all_named(
        &mut self,
        names: &[String],
    ) -> Result<Vec<Option<CustomerId>>, Refused> {
        let mut all = Vec::with_capacity(names.len());
        for names in names.chunks(STRETCH) {
            let numbers = self.numbers(names).await?;
            all.extend(self.known_now(numbers).await?);
            // Others have their turn between two stretches.
            tokio::task::yield_now().await;
        }
        Ok(all)
    }

    /// Where each name leads.
    async fn numbers(&mut self, names: &[String]) -> Result<Vec<Option<u64>>, Refused> {
        let pseudonym = |name: &String| {
            if ids::parse(Tag::Customer, name).is_ok() {
                return None;
            }
            let user = Identifier::new(IdentifierKind::User, name)?;
            Some(user.pseudonym(&self.secret))
        };
        let pseudonyms: Vec<Option<[u8; 16]>> = names.iter().map(pseudonym).collect();
        let keys: Vec<&[u8]> = pseudonyms
            .iter()
            .flatten()
            .map(<[u8; 16]>::as_slice)
            .collect();
        let mut found = self
            .view
            .find_each(Index::Identifier, &keys)
            .await?
            .into_iter();
        let number = |(name, pseudonym): (&String, Option<[u8; 16]>)| match pseudonym {
            Some(_) => found.next().flatten(),
            None => ids::parse(Tag::Customer, name).ok(),
        };
        Ok(names.iter().zip(pseudonyms).map(number).collect())
    }

    /// Who each is now, where there is anybody: a join is followed.
    async fn known_now(
        &mut self,
        mut numbers: Vec<Option<u64>>,
    ) -> Result<Vec<Option<CustomerId>>, Refused> {
        // Each join brings an identifier.
        for _ in 0..=MAX_IDENTIFIERS {
            let persons = self.persons_of(&numbers).await?;
            let mut is_moved = false;
            for number in &mut numbers {
                let person = number.and_then(|number| persons.get(&number));
                let next = person.and_then(|person| person.merged_into);
                is_moved |= next.is_some();
                *number = next.or(person.map(|person| person.id)).map(|id| id.0);
            }
            if !is_moved {
                break;
            }
        }
        Ok(numbers
            .into_iter()
            .map(|number| number.map(CustomerId))
            .collect())
    }

    async fn persons_of(
        &mut self,
        numbers: &[Option<u64>],
    ) -> Result<HashMap<u64, Person>, Refused> {
        let mut wanted: Vec<u64> = numbers.iter().flatten().copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let records = self.view.get_many(Kind::Customer, &wanted).await?;
        let known = records.iter().flatten();
        known
            .map(|record| Ok((record.id, versioned::read(&record.body)?)))
            .collect()
    }
}
