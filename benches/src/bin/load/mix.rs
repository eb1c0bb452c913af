//! What is asked? Four mixes, and all of them together; each request follows from its number.

use benches::{
    requests::{self, post},
    shop,
};
use serde_json::{Value, json};

/// Pages that a shopper looks at, one after the other: on the first they are given a code, where
/// they may have one.
const PAGES: u64 = 2;
/// Events of one call.
pub const EVENTS: u64 = 20;
/// What an order comes to, in cents.
const ORDER: u64 = 10_000;
/// Shares no factor with a round number of customers, so that each comes in turn.
const STRIDE: u64 = 7_919;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Two pages of each shopper, twenty lines in the order.
    Decisions,
    /// A code and an order; one of four holds the code for the order.
    Validations,
    /// A code used for an order of its own.
    Redemptions,
    /// Calls of twenty events.
    Ingest,
    /// Of twenty, ten decisions, four validations, one redemption and five calls of events.
    All,
}

impl Mix {
    pub const EACH: [Self; 4] = [
        Self::Decisions,
        Self::Validations,
        Self::Redemptions,
        Self::Ingest,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Validations => "validations",
            Self::Redemptions => "redemptions",
            Self::Ingest => "ingest",
            Self::All => "all",
        }
    }

    /// What one request is.
    pub fn sentence(self) -> String {
        match self {
            Self::Decisions => format!("an order of {} lines", requests::LINES),
            Self::Validations => "one of four holds the code".into(),
            Self::Redemptions => "each for an order of its own".into(),
            Self::Ingest => format!("calls of {EVENTS} events"),
            Self::All => "10 decisions, 4 validations, 1 redemption, 5 calls of events".into(),
        }
    }

    /// A whole request.
    pub fn request(self, asked: &Asked, number: u64) -> Vec<u8> {
        let key = &asked.key;
        match self {
            Self::Decisions => {
                let shopper = number / PAGES * STRIDE % asked.customers;
                let body = requests::decision((shopper, number % PAGES));
                post("/v1/decisions", key, &body)
            }
            Self::Validations => post("/v1/validations", key, &asked.till(number, "held")),
            Self::Redemptions => post("/v1/redemptions", key, &asked.till(number, "paid")),
            Self::Ingest => {
                let numbers = number * EVENTS..(number + 1) * EVENTS;
                let events: Vec<Value> = numbers
                    .map(|number| requests::event(number, asked.customers))
                    .collect();
                post("/v1/batch", key, &requests::batch(&events))
            }
            Self::All => Self::one_of_all(number).request(asked, number),
        }
    }

    fn one_of_all(number: u64) -> Self {
        // Spread, so that no kind comes in rows: 7 and 20 share no factor.
        match number * 7 % 20 {
            0..10 => Self::Decisions,
            10..14 => Self::Validations,
            14 => Self::Redemptions,
            _ => Self::Ingest,
        }
    }
}

/// Of whom and with what it is asked.
pub struct Asked {
    pub key: String,
    pub customers: u64,
    pub codes: Vec<String>,
}

impl Asked {
    fn till(&self, number: u64, order: &str) -> Vec<u8> {
        let place = number % self.codes.len().max(1) as u64;
        let code = self.codes.get(place as usize);
        let order = format!("{order}-{number}");
        let mut body = json!({
            "redeemables": [{ "object": "voucher", "id": code }],
            "customer": { "source_id": shop::source_id(number * STRIDE % self.customers) },
            "order": { "source_id": order, "amount": ORDER },
        });
        let is_held = order.starts_with("held") && number.is_multiple_of(4);
        if is_held && let Some(body) = body.as_object_mut() {
            let session = json!({ "type": "LOCK", "key": order, "ttl": 60, "ttl_unit": "SECONDS" });
            body.insert("session".into(), session);
        }
        body.to_string().into_bytes()
    }
}
