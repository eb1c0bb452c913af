//! What did a customer's orders bring? Each order counts once, in the accounts of the customer's
//! arm, and what is refunded goes back the way it came.

use std::collections::HashMap;

use ledger::Part;
use offers::{Booking, CountedOrder, Currency, Happening, Minor, book};
use serde::{Deserialize, Serialize};
use store::{Expect, Index, Kind, ProjectId, View, Write};
use wire::segment::OrderCosts;

use crate::{
    app::App,
    deciding::PROGRAMME,
    once,
    people::Unit,
    problem::Refused,
    versioned::{self, Versioned},
};

/// An order that was told: never told twice, refunded at most once over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The number it is kept under, which is the number of its chain.
    pub id: u64,
    pub paid: Minor,
    pub refunded: Minor,
    pub counted: Option<Counted>,
}

/// What of it went to the accounts of an arm; amounts in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub unit: Unit,
    pub currency: Currency,
    pub goods: Minor,
    pub shipping: Minor,
    pub fees: Minor,
    pub discount: Minor,
}

impl Counted {
    /// A cost that the shop did not tell counts as nothing: what is read is then revenue.
    #[must_use]
    pub fn new(unit: Unit, currency: Currency, discount: Minor, costs: OrderCosts) -> Self {
        Self {
            unit,
            currency,
            goods: costs.goods.unwrap_or(0),
            shipping: costs.shipping.unwrap_or(0),
            fees: costs.fees.unwrap_or(0),
            discount,
        }
    }
}

impl Versioned for Told {
    const NAME: &'static str = "order told by events";
}

impl Told {
    /// What counting it moves.
    fn booking(&self) -> Booking {
        let Some(counted) = self.counted else {
            return Booking::default();
        };
        let order = CountedOrder {
            experiment: PROGRAMME,
            customer: counted.unit.0,
            currency: counted.currency,
            revenue: self.paid,
            goods_cost: counted.goods,
            shipping_cost: counted.shipping,
            fees: counted.fees,
            discount: counted.discount,
        };
        book(&Happening::Counted { order: &order }, self.id)
    }
}

/// The name of an order in the index of those told.
#[must_use]
pub fn order_key(project: ProjectId, order: &str) -> [u8; 16] {
    once::short(&[&project.0.to_be_bytes(), b"order:", order.as_bytes()])
}

/// The name of a message in the index of those seen.
#[must_use]
pub fn message_key(project: ProjectId, message: &str) -> [u8; 16] {
    once::short(&[&project.0.to_be_bytes(), b"message:", message.as_bytes()])
}

struct Tracked {
    told: Told,
    version: u64,
    is_changed: bool,
}

/// The orders that one command tells of.
#[derive(Default)]
pub struct Counting {
    orders: HashMap<[u8; 16], Tracked>,
    booking: Booking,
    writes: Vec<Write>,
}

impl Counting {
    /// Whether the order was told before, here or in the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn is_told(&mut self, view: &mut View, key: [u8; 16]) -> Result<bool, Refused> {
        if self.orders.contains_key(&key) {
            return Ok(true);
        }
        let Some(id) = view.find_one(Index::CountedOrder, &key).await? else {
            return Ok(false);
        };
        let Some(record) = view.get(Kind::Counted, id).await? else {
            return Ok(false);
        };
        let tracked = Tracked {
            told: versioned::read(&record.body)?,
            version: record.version,
            is_changed: false,
        };
        self.orders.insert(key, tracked);
        Ok(true)
    }

    /// Counts an order that was not told before.
    pub fn complete(&mut self, key: [u8; 16], told: Told) {
        self.add(told.booking());
        self.writes.push(Write::Link {
            index: Index::CountedOrder,
            key: key.to_vec(),
            id: told.id,
        });
        let tracked = Tracked {
            told,
            version: 0,
            is_changed: true,
        };
        self.orders.insert(key, tracked);
    }

    /// Takes back as much of a told order as was refunded, at most what is left of it.
    ///
    /// # Errors
    /// When there is no id for it.
    pub fn refund(&mut self, app: &App, (key, amount): ([u8; 16], Minor)) -> Result<(), Refused> {
        let Some(tracked) = self.orders.get_mut(&key) else {
            return Ok(());
        };
        let told = tracked.told;
        let to = told.refunded.saturating_add(amount).min(told.paid);
        if to == told.refunded {
            return Ok(());
        }
        let chain = app.next_id()?;
        tracked.told.refunded = to;
        tracked.is_changed = true;
        let part = Part {
            from: told.refunded,
            to,
            of: told.paid,
        };
        let posted = told.booking().chain;
        let back = Happening::RolledBack {
            posted: &posted,
            part,
        };
        self.add(book(&back, chain));
        Ok(())
    }

    fn add(&mut self, booking: Booking) {
        self.booking = std::mem::take(&mut self.booking).then(booking);
    }

    /// What must still be so, what moves and what is to be written.
    ///
    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn finish(self) -> Result<(Vec<Expect>, Booking, Vec<Write>), Refused> {
        let mut expects = Vec::new();
        let mut writes = self.writes;
        for tracked in self.orders.into_values().filter(|one| one.is_changed) {
            let (kind, id) = (Kind::Counted, tracked.told.id);
            expects.push(Expect {
                kind,
                id,
                version: tracked.version,
            });
            let body = versioned::write(&tracked.told)?;
            writes.push(Write::Put { kind, id, body });
        }
        Ok((expects, self.booking, writes))
    }
}
