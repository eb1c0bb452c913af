//! Who is this, and what is kept of them? The customers one request touches: loaded once, changed
//! in memory, and written back as part of one command.

use std::collections::{BTreeMap, HashMap};

use decision::Grant;
use ledger::Timestamp;
use measurement::Arm;
use offers::VoucherId;
use profiles::{
    Claim, CustomerId, Identifier, IdentifierKind, Known, Node, NodeId, Profile, Resolution,
};
use rules::Facts;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use store::{Expect, Index, Kind, ProjectId, Store, View, Write};

use crate::{app::App, problem::Refused};

/// Older grants than these are forgotten by decisions; the records stay.
pub const MAX_GRANTS: usize = 32;

/// What is kept of a customer beside what was seen through each identifier.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Person {
    pub id: CustomerId,
    /// Set when somebody turned out to be somebody else: read that one instead.
    pub merged_into: Option<CustomerId>,
    /// Ids this customer had before joining; vouchers held under them are still theirs.
    pub former: Vec<CustomerId>,
    pub nodes: Vec<NodeId>,
    pub has_user: bool,
    /// The shop's own id, where the shop registered the customer.
    pub source_id: Option<String>,
    /// What the shop says of them: `customer.trait.*`, `customer.metadata.*`.
    pub traits: Facts,
    /// The members of the customer's object that only the protocol knows, as JSON.
    pub extra: String,
    /// Newest last, at most [`MAX_GRANTS`].
    pub grants: Vec<Granted>,
    pub enrolled: Option<Enrolment>,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
}

/// A grant with the code that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    pub grant: Grant,
    pub voucher: VoucherId,
    pub decision: u64,
}

/// When the customer's outcomes began to count, and in which arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    pub arm: Arm,
    pub at: Timestamp,
}

impl Person {
    pub fn push_grant(&mut self, granted: Granted) {
        if self.grants.len() >= MAX_GRANTS {
            self.grants.remove(0);
        }
        self.grants.push(granted);
    }

    /// Whether a thing held by `holder` is this customer's.
    #[must_use]
    pub fn answers_to(&self, holder: u64) -> bool {
        self.id.0 == holder || self.former.iter().any(|former| former.0 == holder)
    }
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
    /// What each pseudonym leads to, as read or as made here.
    known: HashMap<[u8; 16], Option<NodeId>>,
    nodes: BTreeMap<NodeId, Tracked<Node>>,
    persons: BTreeMap<CustomerId, Tracked<Person>>,
    links: Vec<Write>,
}

impl<'a> People<'a> {
    /// # Errors
    /// When the store cannot be read.
    pub fn open(app: &'a App, project: ProjectId) -> Result<Self, Refused> {
        let view = Store::view(app.store(), project)?;
        Ok(Self {
            app,
            project,
            view,
            known: HashMap::new(),
            nodes: BTreeMap::new(),
            persons: BTreeMap::new(),
            links: Vec::new(),
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
        let claims = self.claims(identifiers).await?;
        let fresh = CustomerId(self.app.next_id());
        let resolution = profiles::resolve(&claims, fresh);
        self.settle(identifiers, &resolution, now).await?;
        self.strongest(identifiers, resolution.customer).await
    }

    /// Joins what is known of `previous` to `user`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn alias(
        &mut self,
        previous: Identifier,
        user: Identifier,
        now: Timestamp,
    ) -> Result<CustomerId, Refused> {
        let identifiers = [previous, user];
        let claims = self.claims(&identifiers).await?;
        let fresh = CustomerId(self.app.next_id());
        let [previous, user] = claims.as_slice() else {
            return Err(Refused::Fault("an alias has two claims".into()));
        };
        let resolution = profiles::alias(*previous, *user, fresh);
        self.settle(&identifiers, &resolution, now).await?;
        Ok(resolution.customer)
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
    pub fn profile(&self, customer: CustomerId) -> Profile {
        let Some(person) = self.person(customer) else {
            return Profile {
                customer,
                ..Profile::default()
            };
        };
        let nodes: Vec<Node> = person
            .nodes
            .iter()
            .filter_map(|id| self.nodes.get(id))
            .map(|tracked| Node {
                customer,
                ..tracked.thing.clone()
            })
            .collect();
        Profile::of(customer, &nodes, person.traits.clone())
    }

    /// What must still be so, and what is to be written, for the changes made here.
    ///
    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn finish(self) -> Result<(Vec<Expect>, Vec<Write>), Refused> {
        let mut expects = Vec::new();
        let mut writes = self.links;
        for (id, tracked) in self.nodes.iter().filter(|(_, tracked)| tracked.changed) {
            expects.push(Expect {
                kind: Kind::Node,
                id: id.0,
                version: tracked.version,
            });
            writes.push(put(Kind::Node, id.0, &tracked.thing)?);
        }
        for (id, tracked) in self.persons.iter().filter(|(_, tracked)| tracked.changed) {
            expects.push(Expect {
                kind: Kind::Customer,
                id: id.0,
                version: tracked.version,
            });
            writes.push(put(Kind::Customer, id.0, &tracked.thing)?);
        }
        Ok((expects, writes))
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
        let pseudonym = self.pseudonym(identifier);
        if let Some(known) = self.known.get(&pseudonym) {
            return Ok(*known);
        }
        let found = self
            .view
            .find_one(Index::Identifier, &pseudonym)
            .await?
            .map(NodeId);
        self.known.insert(pseudonym, found);
        Ok(found)
    }

    /// Another project's secret differs, so that nobody can be followed from one to the other.
    fn pseudonym(&self, identifier: &Identifier) -> [u8; 16] {
        let secret = [self.app.secret().as_slice(), &self.project.0.to_be_bytes()].concat();
        identifier.pseudonym(&secret)
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

    async fn read<T: DeserializeOwned>(
        &mut self,
        kind: Kind,
        id: u64,
    ) -> Result<Option<(T, u64)>, Refused> {
        let Some(record) = self.view.get(kind, id).await? else {
            return Ok(None);
        };
        let thing = postcard::from_bytes(&record.body)
            .map_err(|error| Refused::Fault(format!("{kind:?} {id}: {error}")))?;
        Ok(Some((thing, record.version)))
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
            self.create_node(identifier, customer);
        }
        Ok(())
    }

    fn create_node(&mut self, identifier: &Identifier, customer: CustomerId) {
        let id = NodeId(self.app.next_id());
        let pseudonym = self.pseudonym(identifier);
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
        self.known.insert(pseudonym, Some(id));
        let key = pseudonym.to_vec();
        self.links.push(Write::Link {
            index: Index::Identifier,
            key,
            id: id.0,
        });
        if let Some(person) = self.person_mut(customer) {
            person.nodes.push(id);
            person.has_user |= identifier.kind() == IdentifierKind::User;
        }
    }

    /// All that was of `from` is of `to` from now on; `from` keeps a pointer.
    fn join(&mut self, from: CustomerId, to: CustomerId) {
        let Some(old) = self.person_mut(from) else {
            return;
        };
        old.merged_into = Some(to);
        let moved = std::mem::take(&mut old.nodes);
        let old = old.clone();
        for node in &moved {
            if let Some(node) = self.node_mut(*node) {
                node.customer = to;
            }
        }
        let Some(person) = self.person_mut(to) else {
            return;
        };
        person.nodes.extend(moved);
        person.has_user |= old.has_user;
        person.former.push(from);
        person.former.extend(old.former);
        person.grants.extend(old.grants);
        person.grants.sort_by_key(|granted| granted.grant.at);
        let mut traits = old.traits;
        traits.extend(std::mem::take(&mut person.traits));
        person.traits = traits;
        // Whoever was enrolled first keeps the arm their outcomes were counted in.
        person.enrolled = match (person.enrolled, old.enrolled) {
            (Some(mine), Some(theirs)) if theirs.at < mine.at => Some(theirs),
            (mine, theirs) => mine.or(theirs),
        };
    }

    fn now_known_as(&self, mut id: CustomerId) -> CustomerId {
        while let Some(next) = self.person(id).and_then(|person| person.merged_into) {
            id = next;
        }
        id
    }

    async fn strongest(
        &mut self,
        identifiers: &[Identifier],
        customer: CustomerId,
    ) -> Result<Option<(CustomerId, NodeId)>, Refused> {
        let mut mine = Vec::new();
        for identifier in identifiers {
            let Some(node) = self.node_of(identifier).await? else {
                continue;
            };
            if self
                .nodes
                .get(&node)
                .is_some_and(|tracked| tracked.thing.customer == customer)
            {
                mine.push((identifier.kind(), node));
            }
        }
        Ok(mine.into_iter().min().map(|(_, node)| (customer, node)))
    }
}

fn put<T: Serialize>(kind: Kind, id: u64, thing: &T) -> Result<Write, Refused> {
    let body = postcard::to_allocvec(thing).map_err(|error| Refused::Fault(error.to_string()))?;
    Ok(Write::Put { kind, id, body })
}
