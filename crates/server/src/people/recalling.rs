//! Who came a moment ago? A shopper looks at one page after the other: whom a decision was made for
//! is recalled without a read, as they stand now.

use ledger::AccountId;
use profiles::{CustomerId, Identifier, IdentifierKind};
use serde::de::DeserializeOwned;
use store::{Ahead, Index, Kind, Look, Seen, Whose};
use wire::ids::{self, Tag};

use super::{Nodes, People, Person, Tracked};
use crate::{
    problem::Refused,
    versioned::{self, Versioned},
};

/// The accounts that will be asked for with a customer.
pub struct Limits<'a> {
    /// Of the customer's own, those of these periods.
    pub windows: &'a [u32],
    /// Those that all customers share.
    pub shared: &'a (dyn Fn() -> Vec<AccountId> + Sync),
}

impl People<'_> {
    /// As [`People::named`], out of memory where they were asked for lately; else in one round
    /// trip, with the accounts that will be asked for.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn named_again(
        &mut self,
        key: &str,
        limits: &Limits<'_>,
    ) -> Result<Option<CustomerId>, Refused> {
        let user = Identifier::new(IdentifierKind::User, key);
        let user = user.map(|user| (user.pseudonym(&self.secret), user));
        if let Some((pseudonym, user)) = &user
            && let Some(customer) = self.recall((user, *pseudonym))?
        {
            return Ok(Some(customer));
        }
        if self.view.is_far() {
            let pseudonym = user.map(|(pseudonym, _)| pseudonym);
            self.foresee((key, pseudonym), limits).await?;
        }
        self.seen = Some(Seen::default());
        let found = self.named(key).await?;
        if let Some(seen) = self.seen.take() {
            self.view.keep(seen);
        }
        Ok(found)
    }

    async fn foresee(
        &mut self,
        (key, pseudonym): (&str, Option<[u8; 16]>),
        limits: &Limits<'_>,
    ) -> Result<(), Refused> {
        let whose = match (ids::parse(Tag::Customer, key), &pseudonym) {
            (Ok(number), _) => Whose::Number(number),
            (Err(_), Some(pseudonym)) => Whose::Key(Index::Identifier, pseudonym),
            (Err(_), None) => return Ok(()),
        };
        let ahead = Ahead {
            whose,
            kinds: &[Kind::Customer, Kind::Nodes],
            windows: limits.windows,
            shared: limits.shared,
        };
        Ok(self.view.foresee(&ahead).await?)
    }

    fn recall(
        &mut self,
        (identifier, pseudonym): (&Identifier, [u8; 16]),
    ) -> Result<Option<CustomerId>, Refused> {
        let Some(look) = self.app.store().look(self.project) else {
            return Ok(None);
        };
        let Some(customer) = look.find_one(Index::Identifier, &pseudonym) else {
            return Ok(None);
        };
        let Some(person) = thing::<Person>(&look, (Kind::Customer, customer))? else {
            return Ok(None);
        };
        let Some(nodes) = thing::<Nodes>(&look, (Kind::Nodes, customer))? else {
            return Ok(None);
        };
        drop(look);
        if person.thing.merged_into.is_some() {
            return Ok(None);
        }
        let customer = CustomerId(customer);
        let known = (pseudonym, Some(customer));
        self.known.insert(identifier.clone(), known);
        self.persons.insert(customer, person);
        self.nodes.insert(customer, nodes);
        Ok(Some(customer))
    }
}

fn thing<T: Versioned + DeserializeOwned>(
    look: &Look<'_>,
    (kind, id): (Kind, u64),
) -> Result<Option<Tracked<T>>, Refused> {
    let Some((version, body)) = look.get(kind, id) else {
        return Ok(None);
    };
    Ok(Some(Tracked::read(versioned::read(body)?, version)))
}
