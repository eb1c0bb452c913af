//! Who came a moment ago? A shopper looks at one page after the other: whom a decision was made for
//! is recalled without a read, as they stand now.

use profiles::{CustomerId, Identifier, IdentifierKind, Node, NodeId};
use store::{Index, Kind, Look, Seen};

use super::{People, Person, Tracked};
use crate::{problem::Refused, versioned};

/// A customer with all their nodes.
struct Recalled {
    person: Tracked<Person>,
    nodes: Vec<Tracked<Node>>,
}

impl People<'_> {
    /// As [`People::named`], out of memory where they were asked for lately.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn named_again(&mut self, key: &str) -> Result<Option<CustomerId>, Refused> {
        if let Some(user) = Identifier::new(IdentifierKind::User, key)
            && let Some(customer) = self.recall(&user)?
        {
            return Ok(Some(customer));
        }
        self.seen = Some(Seen::default());
        let found = self.named(key).await?;
        if let Some(seen) = self.seen.take() {
            self.view.keep(seen);
        }
        Ok(found)
    }

    fn recall(&mut self, identifier: &Identifier) -> Result<Option<CustomerId>, Refused> {
        let pseudonym = identifier.pseudonym(&self.secret);
        let Some(look) = self.app.store().look(self.project) else {
            return Ok(None);
        };
        let Some(node) = look.find_one(Index::Identifier, &pseudonym).map(NodeId) else {
            return Ok(None);
        };
        let Some(recalled) = recalled(&look, node)? else {
            return Ok(None);
        };
        drop(look);
        let customer = recalled.person.thing.id;
        self.known
            .insert(identifier.clone(), (pseudonym, Some(node)));
        self.persons.insert(customer, recalled.person);
        let nodes = recalled.nodes.into_iter();
        self.nodes.extend(nodes.map(|node| (node.thing.id, node)));
        Ok(Some(customer))
    }
}

/// Whose a node is. `None` where anything of it is not kept, or where they were joined to somebody.
fn recalled(look: &Look<'_>, node: NodeId) -> Result<Option<Recalled>, Refused> {
    let Some(first) = thing::<Node>(look, (Kind::Node, node.0))? else {
        return Ok(None);
    };
    let customer = first.thing.customer;
    let Some(person) = thing::<Person>(look, (Kind::Customer, customer.0))? else {
        return Ok(None);
    };
    if person.thing.merged_into.is_some() {
        return Ok(None);
    }
    let mut nodes = vec![first];
    for other in person.thing.nodes.iter().filter(|other| **other != node) {
        let Some(other) = thing::<Node>(look, (Kind::Node, other.0))? else {
            return Ok(None);
        };
        nodes.push(other);
    }
    Ok(Some(Recalled { person, nodes }))
}

fn thing<T: versioned::Versioned + serde::de::DeserializeOwned>(
    look: &Look<'_>,
    (kind, id): (Kind, u64),
) -> Result<Option<Tracked<T>>, Refused> {
    let Some((version, body)) = look.get(kind, id) else {
        return Ok(None);
    };
    Ok(Some(Tracked {
        thing: versioned::read(body)?,
        version,
        changed: false,
    }))
}
