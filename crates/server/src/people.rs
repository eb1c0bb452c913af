//! Who is this, and what is kept of them? The customers one request touches: loaded once, changed
//! in memory, and written back as part of one command.

mod changes;
mod naming;
mod person;
mod recalling;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use ledger::Timestamp;
use profiles::{
    Claim, Consent, CustomerId, Identifier, IdentifierKind, Known, Node, NodeId, Profile,
    Resolution,
};
use serde::{Serialize, de::DeserializeOwned};
use store::{Expect, Index, Kind, ProjectId, Seen, Store, View, Write};
use wire::ids::{self, Tag};

pub use person::{Enrolment, Granted, MAX_GRANTS, MAX_IDENTIFIERS, Nodes, Person, Unit};
pub use recalling::Limits;

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

#[derive(Default)]
struct Tracked<T> {
    thing: T,
    /// 0: not yet in the store.
    version: u64,
    changed: bool,
}

impl<T> Tracked<T> {
    fn read(thing: T, version: u64) -> Self {
        Self {
            thing,
            version,
            changed: false,
        }
    }

    fn new(thing: T) -> Self {
        Self {
            thing,
            version: 0,
            changed: true,
        }
    }
}

/// Where a pseudonym led, and where it leads.
struct Moved {
    from: Option<CustomerId>,
    to: Option<CustomerId>,
}

impl Moved {
    fn links(&self, key: &[u8]) -> impl Iterator<Item = Write> {
        let index = Index::Identifier;
        let is_elsewhere = self.from != self.to;
        let unlink = self.from.map(|from| Write::Unlink {
            index,
            key: key.to_vec(),
            id: from.0,
        });
        let link = self.to.map(|to| Write::Link {
            index,
            key: key.to_vec(),
            id: to.0,
        });
        let both = [unlink, link].into_iter().flatten();
        both.filter(move |_| is_elsewhere)
    }
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
    known: HashMap<Identifier, ([u8; 16], Option<CustomerId>)>,
    persons: BTreeMap<CustomerId, Tracked<Person>>,
    /// Those of them who had no name of the shop's when they were read.
    nameless: BTreeSet<CustomerId>,
    /// Of the same customers.
    nodes: BTreeMap<CustomerId, Tracked<Nodes>>,
    /// Where pseudonyms led that lead elsewhere now.
    moved: BTreeMap<[u8; 16], Moved>,
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
            persons: BTreeMap::new(),
            nameless: BTreeSet::new(),
            nodes: BTreeMap::new(),
            moved: BTreeMap::new(),
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
        match self.customer_of(identifier).await? {
            Some(customer) => self.load_known(customer).await,
            None => Ok(None),
        }
    }

    /// Whom the shop means by `cust_…` or by its own id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn named(&mut self, key: &str) -> Result<Option<CustomerId>, Refused> {
        if let Ok(number) = ids::parse(Tag::Customer, key) {
            return self.load_known(CustomerId(number)).await;
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
        let nodes = self.nodes_of(person.id).iter();
        nodes.fold(Consent::default(), |all, node| all.merge(node.consent))
    }

    fn nodes_of(&self, customer: CustomerId) -> &[Node] {
        let tracked = self.nodes.get(&customer);
        tracked.map_or(&[], |tracked| &tracked.thing.0)
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
        let of = |id| self.nodes_of(id).len();
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
        Ok(self.customer_of(identifier).await?.is_some())
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
            if !person.has_user {
                self.nameless.insert(id);
            }
            self.persons.insert(id, Tracked::read(person, version));
            let nodes = self.read::<Nodes>(Kind::Nodes, id.0).await?;
            let (nodes, version) = nodes.unwrap_or_default();
            self.nodes.insert(id, Tracked::read(nodes, version));
            id = next.unwrap_or(id);
        }
        Ok(self.now_known_as(id))
    }

    /// The same number, unless whoever had it was erased: nothing more is kept of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn unless_erased(&mut self, customer: Option<u64>) -> Result<Option<u64>, Refused> {
        match customer {
            Some(number) => Ok(self.load_known(CustomerId(number)).await?.map(|_| number)),
            None => Ok(None),
        }
    }

    async fn load_known(&mut self, customer: CustomerId) -> Result<Option<CustomerId>, Refused> {
        match self.load(customer).await {
            Ok(customer) => Ok(Some(customer)),
            Err(Refused::NotFound { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
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

    /// The node of the first identifier of a customer that was loaded.
    #[must_use]
    pub fn first_node(&self, customer: CustomerId) -> NodeId {
        let first = self.nodes_of(customer).first();
        first.map(|node| node.id).unwrap_or_default()
    }

    /// The nodes of a customer that was loaded, to be changed and written.
    fn nodes_mut(&mut self, customer: CustomerId) -> &mut Vec<Node> {
        let tracked = self.nodes.entry(customer).or_default();
        tracked.changed = true;
        &mut tracked.thing.0
    }

    /// A node of a customer that was loaded, to be changed and written.
    pub fn node_mut(&mut self, customer: CustomerId, node: NodeId) -> Option<&mut Node> {
        let mut nodes = self.nodes_mut(customer).iter_mut();
        nodes.find(|one| one.id == node)
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
        let traits = Cow::Borrowed(&person.traits);
        Profile::of(customer, self.nodes_of(customer), traits)
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
        writes.extend(self.moved.iter().flat_map(|(key, moved)| moved.links(key)));
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
        for (id, tracked) in changed.filter(|(id, _)| is_kept(Kind::Nodes, id.0)) {
            expects.push(Expect {
                kind: Kind::Nodes,
                id: id.0,
                version: tracked.version,
            });
            writes.push(put(Kind::Nodes, id.0, &tracked.thing)?);
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
        let id = CustomerId(id);
        match kind {
            Kind::Nodes => self.nodes.get(&id).map(|tracked| tracked.version),
            _ => self.persons.get(&id).map(|tracked| tracked.version),
        }
    }

    async fn claims(&mut self, identifiers: &[Identifier]) -> Result<Vec<Claim>, Refused> {
        let mut claims = Vec::with_capacity(identifiers.len());
        for identifier in identifiers {
            let known = self.known(identifier).await?;
            claims.push(Claim {
                kind: identifier.kind(),
                known,
            });
        }
        Ok(claims)
    }

    async fn known(&mut self, identifier: &Identifier) -> Result<Option<Known>, Refused> {
        let Some(customer) = self.find(identifier).await? else {
            return Ok(None);
        };
        let node = self.node_of(identifier, customer);
        let person = self.person(customer);
        Ok(node.zip(person).map(|(node, person)| Known {
            node,
            customer,
            has_user: person.has_user,
        }))
    }

    /// The node of a customer that stands for an identifier of theirs.
    fn node_of(&self, identifier: &Identifier, customer: CustomerId) -> Option<NodeId> {
        let (pseudonym, _) = self.known.get(identifier)?;
        let mut all = self.person(customer)?.pseudonyms.iter();
        let place = all.position(|one| one == pseudonym)?;
        self.nodes_of(customer).get(place).map(|node| node.id)
    }

    async fn customer_of(
        &mut self,
        identifier: &Identifier,
    ) -> Result<Option<CustomerId>, Refused> {
        if let Some((_, known)) = self.known.get(identifier) {
            return Ok(*known);
        }
        let pseudonym = identifier.pseudonym(&self.secret);
        let found = self
            .view
            .find_one(Index::Identifier, &pseudonym)
            .await?
            .map(CustomerId);
        if let (Some(seen), Some(customer)) = (&mut self.seen, found) {
            let key = (Index::Identifier, pseudonym.to_vec(), customer.0);
            seen.keys.push(key);
        }
        self.known.insert(identifier.clone(), (pseudonym, found));
        Ok(found)
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
            self.persons.insert(customer, Tracked::new(thing));
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
        let node = Node {
            id,
            customer,
            ..Node::default()
        };
        let known = (pseudonym, Some(customer));
        self.known.insert(identifier.clone(), known);
        self.lead(pseudonym, (None, Some(customer)));
        self.nodes_mut(customer).push(node);
        if let Some(person) = self.person_mut(customer) {
            person.pseudonyms.push(pseudonym);
            person.has_user |= identifier.kind() == IdentifierKind::User;
        }
        Ok(())
    }

    /// Has a pseudonym lead elsewhere, or nowhere, from now on.
    fn lead(&mut self, pseudonym: [u8; 16], (from, to): (Option<CustomerId>, Option<CustomerId>)) {
        let moved = Moved { from, to };
        self.moved.entry(pseudonym).or_insert(moved).to = to;
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
            let node = self.node_of(identifier, customer)?;
            Some((identifier.kind(), node))
        });
        mine.min().map(|(_, node)| (customer, node))
    }
}

fn put<T: Versioned + Serialize>(kind: Kind, id: u64, thing: &T) -> Result<Write, Refused> {
    let body = versioned::write(thing)?;
    Ok(Write::Put { kind, id, body })
}
