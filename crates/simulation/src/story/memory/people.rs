//! Who is who, what did they allow, and what is known of them?

use std::borrow::Cow;

use measurement::{Arm, UnitId, assign};
use offers::{CountedOrder, Happening, Line, Order, Sku};
use profiles::{
    Activity, Choice, Claim, Consent, CustomerId, IdentifierKind, Item, Kind, Known, Node, NodeId,
    Product, Profile, Purpose, Tallies, admit, facts, join, resolve,
};
use rules::{Facts, Reads, Value};

use super::{EUR, Memory, PROGRAMME, fault, rejected};
use crate::story::world::{self, Answer, ConsentTerms, Event, Side};

/// Nobody looks longer than this for a customer on one side of the holdout.
const MAX_LOOKS: usize = 10_000;

impl Memory {
    /// The customer of a name, new where it was never heard before.
    pub(super) fn customer(&mut self, who: &str) -> CustomerId {
        if let Some(customer) = self.names.get(who) {
            return *customer;
        }
        let customer = CustomerId(self.next_id());
        self.add(who, customer);
        customer
    }

    fn add(&mut self, who: &str, customer: CustomerId) {
        self.names.insert(who.to_owned(), customer);
        self.people.entry(customer).or_default();
        let id = NodeId(self.next_id());
        self.nodes.push(Node {
            id,
            customer,
            ..Node::default()
        });
    }

    pub(super) fn place_on(&mut self, who: &str, side: Side) -> Answer<()> {
        if self.names.contains_key(who) {
            return Err(fault(format!("{who} is somewhere already")));
        }
        for _ in 0..MAX_LOOKS {
            let customer = CustomerId(self.next_id());
            let arm = assign(&self.setup.design, UnitId(customer.0));
            if (arm == Arm::Holdout) == (side == Side::Inside) {
                self.add(who, customer);
                return Ok(());
            }
        }
        Err(fault("nobody falls on that side of the holdout"))
    }

    pub(super) fn choose(&mut self, who: &str, consent: ConsentTerms) {
        let customer = self.customer(who);
        let (now, granted) = (self.now, Choice::Granted { at: self.now });
        let Some(node) = self.node_of(customer) else {
            return;
        };
        let said = match consent {
            ConsentTerms::Both => Consent::granted(now),
            ConsentTerms::Offers => Consent {
                personalise_offers: granted,
                ..Consent::default()
            },
            ConsentTerms::Measuring => Consent {
                measure: granted,
                ..Consent::default()
            },
            ConsentTerms::Withdrawn => Consent::denied(now),
        };
        node.consent = node.consent.merge(said);
        if consent == ConsentTerms::Withdrawn {
            self.forget(customer);
        }
    }

    /// What was kept on the ground of a consent goes with it.
    fn forget(&mut self, customer: CustomerId) {
        let nodes = self.nodes.iter_mut();
        nodes
            .filter(|node| node.customer == customer)
            .for_each(|node| node.tallies = Tallies::default());
        if let Some(person) = self.people.get_mut(&customer) {
            person.arm = None;
            person.last = None;
        }
    }

    /// A device that nobody signed in on before joins the customer who does.
    pub(super) fn recognise(&mut self, who: &str, device: &str) {
        let known = |kind, name: &str, has_user| Claim {
            kind,
            known: self.names.get(name).map(|customer| Known {
                node: NodeId(0),
                customer: *customer,
                has_user,
            }),
        };
        let claims = [
            known(IdentifierKind::User, who, true),
            known(IdentifierKind::Anonymous, device, false),
        ];
        let fresh = CustomerId(self.next_id());
        let resolution = resolve(&claims, fresh);
        for (name, claim) in [who, device].into_iter().zip(claims) {
            if claim.known.is_none() {
                self.add(name, resolution.customer);
            }
        }
        for (from, to) in resolution.join {
            join(&mut self.nodes, from, to);
            let names = self.names.values_mut();
            names
                .filter(|customer| **customer == from)
                .for_each(|customer| *customer = to);
            let moved = self.people.remove(&from).unwrap_or_default();
            let person = self.people.entry(to).or_default();
            person.grants.extend(moved.grants);
        }
    }

    fn node_of(&mut self, customer: CustomerId) -> Option<&mut Node> {
        let mut nodes = self.nodes.iter_mut();
        nodes.find(|node| node.customer == customer)
    }

    pub(super) fn profile(&self, customer: CustomerId) -> Profile<'_> {
        let theirs = self.nodes.iter().filter(|node| node.customer == customer);
        Profile::of(customer, theirs, Cow::default())
    }

    /// What may be read of a customer to choose offers.
    pub(super) fn facts(&self, customer: CustomerId) -> Facts {
        let profile = self.profile(customer);
        facts(
            &profile,
            Purpose::PersonaliseOffers,
            self.now,
            &Reads::everything(),
        )
    }

    pub(super) fn read(&self, customer: CustomerId, path: &str) -> Option<String> {
        self.facts(customer).get(path).map(|value| match value {
            Value::Text(text) => text.to_string(),
            Value::Int(number) | Value::Time(number) | Value::Duration(number) => {
                number.to_string()
            }
            Value::Fraction(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::List(_) => format!("{value:?}"),
        })
    }

    pub(super) fn observe(&mut self, who: &str, event: &Event) -> Answer<()> {
        let customer = self.customer(who);
        match event {
            Event::Viewed(line) => self.admit(customer, Kind::ProductViewed(product(line))),
            Event::Added(goods) => {
                for line in &goods.lines {
                    self.admit(customer, Kind::ProductAdded(product(line)));
                }
                let value = order(goods).gross();
                self.admit(customer, Kind::CartViewed { value });
            }
            Event::Bought(goods) => {
                let order = order(goods);
                let total = order.gross() - given_away(&order) + order.shipping;
                self.admit(customer, Kind::OrderCompleted(bought(&order, total, 0)));
                let counted = counted(&order, (total, 0));
                self.count(customer, &counted)?;
            }
            Event::Named(name) => self.admit(customer, Kind::Named(name.as_str().into())),
        }
        Ok(())
    }

    /// Keeps of an event what consent allows.
    pub(super) fn admit(&mut self, customer: CustomerId, kind: Kind) {
        let activity = Activity { at: self.now, kind };
        let admission = admit(self.profile(customer).consent, &activity);
        if let Some(node) = self.node_of(customer).filter(|_| admission.features) {
            node.tallies.observe(&activity);
        }
    }

    /// Counts an order of a customer in the experiment; the number of the chain that does.
    pub(super) fn count(&mut self, customer: CustomerId, order: &CountedOrder) -> Answer<u64> {
        let chain = self.next_id();
        let person = self.people.get(&customer);
        if person.is_some_and(|person| person.arm.is_some()) {
            let order = CountedOrder {
                customer: customer.0,
                ..*order
            };
            let booking = offers::book(&Happening::Counted { order: &order }, chain);
            self.apply(&booking).map_err(rejected)?;
        }
        Ok(chain)
    }
}

/// The goods of a story as the core knows them.
pub(super) fn order(goods: &world::Order) -> Order {
    Order {
        currency: EUR,
        lines: goods.lines.iter().map(line).collect(),
        amount: 0,
        shipping: goods.shipping,
        discount: 0,
        store: None,
        prices: Vec::new(),
    }
}

fn line(line: &world::Line) -> Line {
    let mut facts = Facts::default();
    if let Some(category) = &line.category {
        facts.set("line.category", category.as_str());
    }
    Line {
        sku: Sku(line.sku.as_str().into()),
        quantity: line.quantity,
        unit_price: line.price,
        unit_cost: line.cost,
        discount: line.reduced,
        facts,
    }
}

fn product(line: &world::Line) -> Product {
    Product {
        category: line.category.as_deref().map(Into::into),
        brand: None,
        sku: Some(line.sku.as_str().into()),
    }
}

/// What the shop itself took off.
fn given_away(order: &Order) -> u64 {
    order.lines.iter().map(|line| line.discount).sum()
}

pub(super) fn bought(order: &Order, total: u64, discount: u64) -> profiles::Order {
    let item = |line: &Line| Item {
        product: Product {
            category: line
                .facts
                .get("line.category")
                .and_then(Value::as_text)
                .map(Into::into),
            brand: None,
            sku: Some(line.sku.0.clone()),
        },
        quantity: line.quantity,
        amount: line.amount().saturating_sub(line.discount),
    };
    profiles::Order {
        order_key: 0,
        total,
        discount,
        items: order.lines.iter().map(item).collect(),
    }
}

/// What an order brought and cost; sending it costs what the shop asks for it.
pub(super) fn counted(order: &Order, (revenue, discount): (u64, u64)) -> CountedOrder {
    CountedOrder {
        experiment: PROGRAMME,
        customer: 0,
        currency: EUR,
        revenue,
        goods_cost: goods_cost(order),
        shipping_cost: order.shipping,
        fees: 0,
        discount,
    }
}

pub(super) fn goods_cost(order: &Order) -> u64 {
    let costs = order.lines.iter();
    costs
        .map(|line| line.unit_cost.unwrap_or(0) * u64::from(line.quantity))
        .sum()
}
