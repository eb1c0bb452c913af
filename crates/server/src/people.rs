//! Who is this, and what is kept of them? The customers one request touches: loaded once, changed
//! in memory, and written back as part of one command.

mod changes;
mod person;
mod recalling;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use ledger::Timestamp;
use profiles::{
    Claim, Consent, CustomerId, Identifier, IdentifierKind, Known, Node, NodeId, Profile,
    Resolution,
};
use serde::{Serialize, de::DeserializeOwned};
use store::{Expect, Index, Kind, ProjectId, Seen, Store, View, Write};
use wire::ids::{self, Tag};

pub use person::{Enrolment, Granted, MAX_GRANTS, MAX_IDENTIFIERS, Person, Unit};

use crate::{
    app::App,
    problem::Refused,
    versioned::{self, Versioned},
};

/// Whose a message is, before anything is made of it.
pub struct Whose {
    pub resolution: Resolution,
    /// What those it would be about have said.
    pub consent: Consent,
    /// Whether it is about anybody we know.
    pub is_known: bool,
}

struct Tracked<T> {
    thing: T,
    /// 0: not yet in the store.
    version: u64,
    changed: bool,
}

/// The customers one request touches.
pub struct People<'a> {
    app: &'a App,
    project: ProjectId,
    view: View,
    /// What was read, where it is to be recalled the next time.
    seen: Option<Seen>,
    secret: Vec<u8>,
    /// What each identifier leads to, as read or as made here.
    known: HashMap<Identifier, ([u8; 16], Option<NodeId>)>,
    nodes: BTreeMap<NodeId, Tracked<Node>>,
    persons: BTreeMap<CustomerId, Tracked<Person>>,
    links: Vec<Write>,
    erased: Vec<(Kind, u64)>,
}

impl<'a> People<'a> {
    /// # Errors
    /// When the store cannot be read.
    pub fn open(app: &'a App, project: ProjectId) -> Result<Self, Refused> {
        let view = Store::view(app.store(), project)?;
        // Another project's secret differs: nobody can be followed from one to the other.
        let secret = [app.secret().as_slice(), &project.0.to_be_bytes()].concat();
        Ok(Self {
            app,
            project,
            view,
            seen: None,
            secret,
            known: HashMap::new(),
            nodes: BTreeMap::new(),
            persons: BTreeMap::new(),
            links: Vec::new(),
            erased: Vec::new(),
        })
    }

    /// The view all of this is read from.
    #[must_use]
    pub fn view(&mut self) -> &mut View {
        &mut self.view
    }

    /// Whose identifier this is, if it was seen before. Nothing is made.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn find(&mut self, identifier: &Identifier) -> Result<Option<CustomerId>, Refused> {
        let Some(node) = self.node_of(identifier).await? else {
            return Ok(None);
        };
        let Some(customer) = self.load_node(node).await? else {
            return Ok(None);
        };
        Ok(Some(self.load(customer).await?))
    }

    /// Whom the shop means by `cust_…` or by its own id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn named(&mut self, key: &str) -> Result<Option<CustomerId>, Refused> {
        if let Ok(number) = ids::parse(Tag::Customer, key) {
            return match self.load(CustomerId(number)).await {
                Ok(customer) => Ok(Some(customer)),
                Err(Refused::NotFound { .. }) => Ok(None),
                Err(fault) => Err(fault),
            };
        }
        match Identifier::new(IdentifierKind::User, key) {
            Some(user) => self.find(&user).await,
            None => Ok(None),
        }
    }

    /// A user id for somebody whom the shop gave none: nobody else has it.
    ///
    /// # Errors
    /// When there is no id for it.
    pub fn fresh_name(&self) -> Result<String, Refused> {
        Ok(format!("unnamed:{:x}", self.app.next_id()?))
    }

    /// Whose message this would be, and what they allow. Nothing is made.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn whose(&mut self, identifiers: &[Identifier]) -> Result<Whose, Refused> {
        let claims = self.claims(identifiers).await?;
        let fresh = CustomerId(self.app.next_id()?);
        let resolution = profiles::resolve(&claims, fresh);
        Ok(self.about(resolution))
    }

    fn about(&self, resolution: Resolution) -> Whose {
        let joined = resolution.join.iter().map(|(from, _)| *from);
        let mut consent = Consent::default();
        let mut is_known = false;
        for person in std::iter::once(resolution.customer)
            .chain(joined)
            .filter_map(|id| self.person(id))
        {
            is_known = true;
            consent = consent.merge(self.consent(person));
        }
        Whose {
            resolution,
            consent,
            is_known,
        }
    }

    fn consent(&self, person: &Person) -> Consent {
        let nodes = person.nodes.iter().filter_map(|id| self.nodes.get(id));
        nodes.fold(Consent::default(), |all, tracked| {
            all.merge(tracked.thing.consent)
        })
    }

    /// Whose message this is; makes and joins customers as needed. The first element of the pair
    /// is the customer, the second the node of the strongest identifier.
    ///
    /// # Errors
    /// When the store cannot be read; `None` when there is no identifier.
    pub async fn resolve(
        &mut self,
        identifiers: &[Identifier],
        now: Timestamp,
    ) -> Result<Option<(CustomerId, NodeId)>, Refused> {
        let whose = self.whose(identifiers).await?;
        self.take(identifiers, &whose, now).await
    }

    /// Whether a customer would have more than [`MAX_IDENTIFIERS`] by it, where it adds any.
    #[must_use]
    pub fn is_crowded(&self, whose: &Whose) -> bool {
        let resolution = &whose.resolution;
        let joined = resolution.join.iter().map(|(from, _)| *from);
        let of = |id| self.person(id).map_or(0, |person| person.nodes.len());
        let more = joined.map(of).sum::<usize>() + resolution.create.len();
        more > 0 && of(resolution.customer) + more > MAX_IDENTIFIERS
    }

    /// Makes and joins what [`People::whose`] found to be needed.
    ///
    /// # Errors
    /// When the store cannot be read; `None` when there is no identifier.
    pub async fn take(
        &mut self,
        identifiers: &[Identifier],
        whose: &Whose,
        now: Timestamp,
    ) -> Result<Option<(CustomerId, NodeId)>, Refused> {
        self.settle(identifiers, &whose.resolution, now).await?;
        Ok(self.strongest(identifiers, whose.resolution.customer))
    }

    /// Whose it would be if what is known of the first were joined to the second.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn alias(&mut self, identifiers: &[Identifier; 2]) -> Result<Whose, Refused> {
        let claims = self.claims(identifiers).await?;
        let fresh = CustomerId(self.app.next_id()?);
        let [previous, user] = claims.as_slice() else {
            return Err(Refused::Fault("an alias has two claims".into()));
        };
        Ok(self.about(profiles::alias(*previous, *user, fresh)))
    }

    /// Whether anybody was seen under it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn is_known(&mut self, identifier: &Identifier) -> Result<bool, Refused> {
        Ok(self.node_of(identifier).await?.is_some())
    }

    /// Loads a customer with all their nodes; follows a join to who they are now.
    ///
    /// # Errors
    /// When the store cannot be read, or there is no such customer.
    pub async fn load(&mut self, customer: CustomerId) -> Result<CustomerId, Refused> {
        let mut id = customer;
        while !self.persons.contains_key(&id) {
            let Some((person, version)) = self.read::<Person>(Kind::Customer, id.0).await? else {
                return Err(Refused::NotFound {
                    what: "customer",
                    id: id.0.to_string(),
                });
            };
            let next = person.merged_into;
            let nodes = person.nodes.clone();
            self.persons.insert(
                id,
                Tracked {
                    thing: person,
                    version,
                    changed: false,
                },
            );
            for node in nodes {
                self.load_node(node).await?;
            }
            id = next.unwrap_or(id);
        }
        Ok(self.now_known_as(id))
    }

    /// A customer that was loaded.
    #[must_use]
    pub fn person(&self, customer: CustomerId) -> Option<&Person> {
        self.persons.get(&customer).map(|tracked| &tracked.thing)
    }

    /// A customer that was loaded, to be changed and written.
    pub fn person_mut(&mut self, customer: CustomerId) -> Option<&mut Person> {
        let tracked = self.persons.get_mut(&customer)?;
        tracked.changed = true;
        Some(&mut tracked.thing)
    }

    /// A node that was loaded, to be changed and written.
    pub fn node_mut(&mut self, node: NodeId) -> Option<&mut Node> {
        let tracked = self.nodes.get_mut(&node)?;
        tracked.changed = true;
        Some(&mut tracked.thing)
    }

    /// All that is known of a loaded customer, merged over their nodes.
    #[must_use]
    pub fn profile(&self, customer: CustomerId) -> Profile<'_> {
        let Some(person) = self.person(customer) else {
            return Profile {
                customer,
                ..Profile::default()
            };
        };
        let nodes = person.nodes.iter().filter_map(|id| self.nodes.get(id));
        let nodes = nodes.map(|tracked| &tracked.thing);
        Profile::of(customer, nodes, Cow::Borrowed(&person.traits))
    }

    /// That a loaded customer is still as they were read: who takes consent back changes.
    #[must_use]
    pub fn unchanged(&self, customer: CustomerId) -> Option<Expect> {
        let version = self.version(Kind::Customer, customer.0)?;
        Some(Expect {
            kind: Kind::Customer,
            id: customer.0,
            version,
        })
    }

    /// Those whose decisions are to be stripped, by their numbers now and before, once what
    /// [`People::finish`] gives is written.
    #[must_use]
    pub fn taken_back(&self) -> Vec<CustomerId> {
        let noted = self.links.iter().filter_map(|write| match write {
            Write::Link {
                index: Index::TakenBack,
                id,
                ..
            } => Some(CustomerId(*id)),
            _ => None,
        });
        noted.collect()
    }

    /// What must still be so, and what is to be written, for the changes made here.
    ///
    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn finish(mut self) -> Result<(Vec<Expect>, Vec<Write>), Refused> {
        let mut expects = Vec::new();
        let mut writes = std::mem::take(&mut self.links);
        let is_kept = |kind, id| !self.erased.contains(&(kind, id));
        for (kind, id) in &self.erased {
            expects.extend(self.version(*kind, *id).map(|version| Expect {
                kind: *kind,
                id: *id,
                version,
            }));
            writes.push(Write::Delete {
                kind: *kind,
                id: *id,
            });
        }
        let changed = self.nodes.iter().filter(|(_, tracked)| tracked.changed);
        for (id, tracked) in changed.filter(|(id, _)| is_kept(Kind::Node, id.0)) {
            expects.push(Expect {
                kind: Kind::Node,
                id: id.0,
                version: tracked.version,
            });
            writes.push(put(Kind::Node, id.0, &tracked.thing)?);
        }
        let changed = self.persons.iter().filter(|(_, tracked)| tracked.changed);
        for (id, tracked) in changed.filter(|(id, _)| is_kept(Kind::Customer, id.0)) {
            expects.push(Expect {
                kind: Kind::Customer,
                id: id.0,
                version: tracked.version,
            });
            writes.push(put(Kind::Customer, id.0, &tracked.thing)?);
        }
        Ok((expects, writes))
    }

    fn version(&self, kind: Kind, id: u64) -> Option<u64> {
        match kind {
            Kind::Node => self.nodes.get(&NodeId(id)).map(|tracked| tracked.version),
            _ => self
                .persons
                .get(&CustomerId(id))
                .map(|tracked| tracked.version),
        }
    }

    async fn claims(&mut self, identifiers: &[Identifier]) -> Result<Vec<Claim>, Refused> {
        let mut claims = Vec::with_capacity(identifiers.len());
        for identifier in identifiers {
            let known = match self.node_of(identifier).await? {
                Some(node) => self.known(node).await?,
                None => None,
            };
            claims.push(Claim {
                kind: identifier.kind(),
                known,
            });
        }
        Ok(claims)
    }

    async fn known(&mut self, node: NodeId) -> Result<Option<Known>, Refused> {
        let Some(customer) = self.load_node(node).await? else {
            return Ok(None);
        };
        let customer = self.load(customer).await?;
        let has_user = self.person(customer).is_some_and(|person| person.has_user);
        Ok(Some(Known {
            node,
            customer,
            has_user,
        }))
    }

    async fn node_of(&mut self, identifier: &Identifier) -> Result<Option<NodeId>, Refused> {
        if let Some((_, known)) = self.known.get(identifier) {
            return Ok(*known);
        }
        let pseudonym = identifier.pseudonym(&self.secret);
        let found = self
            .view
            .find_one(Index::Identifier, &pseudonym)
            .await?
            .map(NodeId);
        if let (Some(seen), Some(node)) = (&mut self.seen, found) {
            let key = (Index::Identifier, pseudonym.to_vec(), node.0);
            seen.keys.push(key);
        }
        self.known.insert(identifier.clone(), (pseudonym, found));
        Ok(found)
    }

    async fn load_node(&mut self, id: NodeId) -> Result<Option<CustomerId>, Refused> {
        if !self.nodes.contains_key(&id) {
            let Some((node, version)) = self.read::<Node>(Kind::Node, id.0).await? else {
                return Ok(None);
            };
            self.nodes.insert(
                id,
                Tracked {
                    thing: node,
                    version,
                    changed: false,
                },
            );
        }
        Ok(self.nodes.get(&id).map(|tracked| tracked.thing.customer))
    }

    async fn read<T: Versioned + DeserializeOwned>(
        &mut self,
        kind: Kind,
        id: u64,
    ) -> Result<Option<(T, u64)>, Refused> {
        let Some(record) = self.view.get(kind, id).await? else {
            return Ok(None);
        };
        let found = (versioned::read(&record.body)?, record.version);
        if let Some(seen) = &mut self.seen {
            seen.records.push((kind, record));
        }
        Ok(Some(found))
    }

    async fn settle(
        &mut self,
        identifiers: &[Identifier],
        resolution: &Resolution,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let customer = resolution.customer;
        if !self.persons.contains_key(&customer) && self.load(customer).await.is_err() {
            let thing = Person {
                id: customer,
                created_at: now,
                ..Person::default()
            };
            self.persons.insert(
                customer,
                Tracked {
                    thing,
                    version: 0,
                    changed: true,
                },
            );
        }
        for (from, to) in &resolution.join {
            self.join(*from, *to);
        }
        for identifier in resolution
            .create
            .iter()
            .filter_map(|at| identifiers.get(*at))
        {
            self.create_node(identifier, customer)?;
        }
        Ok(())
    }

    fn create_node(
        &mut self,
        identifier: &Identifier,
        customer: CustomerId,
    ) -> Result<(), Refused> {
        let id = NodeId(self.app.next_id()?);
        let pseudonym = match self.known.get(identifier) {
            Some((pseudonym, _)) => *pseudonym,
            None => identifier.pseudonym(&self.secret),
        };
        let thing = Node {
            id,
            customer,
            ..Node::default()
        };
        self.nodes.insert(
            id,
            Tracked {
                thing,
                version: 0,
                changed: true,
            },
        );
        self.known.insert(identifier.clone(), (pseudonym, Some(id)));
        let key = pseudonym.to_vec();
        self.links.push(Write::Link {
            index: Index::Identifier,
            key,
            id: id.0,
        });
        if let Some(person) = self.person_mut(customer) {
            person.nodes.push(id);
            person.pseudonyms.push(pseudonym);
            person.has_user |= identifier.kind() == IdentifierKind::User;
        }
        Ok(())
    }

    fn now_known_as(&self, mut id: CustomerId) -> CustomerId {
        while let Some(next) = self.person(id).and_then(|person| person.merged_into) {
            id = next;
        }
        id
    }

    fn strongest(
        &self,
        identifiers: &[Identifier],
        customer: CustomerId,
    ) -> Option<(CustomerId, NodeId)> {
        let mine = identifiers.iter().filter_map(|identifier| {
            let (_, node) = self.known.get(identifier)?;
            let node = (*node)?;
            let is_theirs = self.nodes.get(&node)?.thing.customer == customer;
            is_theirs.then_some((identifier.kind(), node))
        });
        mine.min().map(|(_, node)| (customer, node))
    }
}

fn put<T: Versioned + Serialize>(kind: Kind, id: u64, thing: &T) -> Result<Write, Refused> {
    let body = versioned::write(thing)?;
    Ok(Write::Put { kind, id, body })
}
