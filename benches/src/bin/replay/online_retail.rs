//! Thirteen months of a gift shop: do orders become the published recency, frequency and money?

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    figures::{Figures, mean, median, money},
    files::{each, instant, minor},
    shop::{Shop, Spent, Stopwatch, ok},
};

/// Bytes of one batch; the API takes 500 KiB.
const BATCH_BYTES: usize = 450_000;
/// Events of one batch; the API takes 2,500.
const BATCH_EVENTS: usize = 1_000;
/// The moment of the published figures.
const SNAPSHOT: &str = "2011-12-10T00:00:00.000Z";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    invoice_no: String,
    stock_code: String,
    quantity: i64,
    invoice_date: String,
    unit_price: String,
    #[serde(rename = "CustomerID")]
    customer: String,
}

/// One order with its lines.
#[derive(Default)]
struct Invoice {
    customer: String,
    /// The latest of its lines: a few invoices were typed over a minute's end.
    at: i64,
    lines: Vec<Value>,
    units: i64,
}

/// The orders that count, and what was left out.
#[derive(Default)]
struct Orders {
    invoices: HashMap<String, Invoice>,
    rows: u32,
    nobody: u32,
    cancelled: u32,
    worthless: u32,
    lines: u32,
    /// Lines whose price has a part of a penny.
    fractions: u32,
}

/// What a profile says at the snapshot.
struct Rfm {
    recency: u64,
    frequency: u64,
    monetary: u64,
    units: u64,
}

/// Streams the orders in time order, then reads every profile.
///
/// # Errors
/// When the data cannot be read or a call fails; a figure that differs is told in the figures.
pub fn replay(shop: &Shop, folder: &Path) -> Result<Figures, String> {
    let mut orders = Orders::default();
    each(&folder.join("online_retail.csv.gz"), |row| orders.take(row))?;
    orders.tell();
    let counted = orders.lines;
    let units: i64 = orders.invoices.values().map(|invoice| invoice.units).sum();
    let events = orders.into_events()?;

    let stopwatch = Stopwatch::start();
    let accepted = shop.calls.block_on(stream(shop, &events))?;
    tell_speed("events", accepted, &stopwatch.read());

    let customers: Vec<&str> = customers(&events);
    let stopwatch = Stopwatch::start();
    let profiles = shop.calls.block_on(read_back(shop, &customers))?;
    tell_speed("profiles", profiles.len(), &stopwatch.read());

    let mut figures = Figures::default();
    figures.row("lines sent, every event accepted", "397884", counted);
    let found: u64 = profiles.values().map(|rfm| rfm.units).sum();
    figures.row(
        "units in all profiles, as in the file",
        &units.to_string(),
        found,
    );
    compare(&mut figures, &profiles);
    Ok(figures)
}

impl Orders {
    fn take(&mut self, row: Row) -> Result<(), String> {
        self.rows += 1;
        if row.customer.is_empty() {
            self.nobody += 1;
            return Ok(());
        }
        if row.invoice_no.starts_with('C') {
            self.cancelled += 1;
            return Ok(());
        }
        // Half a penny's tenth is still a price: worthless is zero in the file, not after rounding.
        if row.quantity <= 0 || wire::decimal::scaled(&row.unit_price, 6) == Ok(0) {
            self.worthless += 1;
            return Ok(());
        }
        self.lines += 1;
        let exact = wire::decimal::scaled(&row.unit_price, 6).map_err(|why| why.sentence())?;
        self.fractions += u32::from(minor(&row.unit_price)? * 10_000 != exact);
        let price: Value = serde_json::from_str(&row.unit_price).map_err(|e| e.to_string())?;
        let invoice = self.invoices.entry(row.invoice_no).or_default();
        invoice.at = invoice.at.max(instant(&row.invoice_date)?);
        invoice.customer = row.customer;
        invoice.units += row.quantity;
        let line = json!({"sku": row.stock_code, "price": price, "quantity": row.quantity});
        invoice.lines.push(line);
        Ok(())
    }

    fn tell(&self) {
        println!(
            "{} lines read. Left out, as in the published figures: {} without a customer, {} of \
             cancellations, {} without a quantity or price above zero. They are not sent at all: a \
             cancellation sent as Order Refunded would lower what the customer spent.",
            self.rows, self.nobody, self.cancelled, self.worthless
        );
        println!(
            "Each order is one Order Completed with its lines at their unit prices and no total: \
             the server adds them up in whole pence. {} lines cost 0.001 each and come to nothing; \
             the exact sum is 8911407.904, and the published one has two decimals.",
            self.fractions
        );
    }

    /// In time order; orders of the same minute by number.
    fn into_events(self) -> Result<Vec<Event>, String> {
        let mut events = self
            .invoices
            .into_iter()
            .map(|(number, invoice)| Event::of(&number, invoice))
            .collect::<Result<Vec<_>, _>>()?;
        events.sort_by(|one, other| (one.at, &one.text).cmp(&(other.at, &other.text)));
        Ok(events)
    }
}

/// An event as it is sent.
struct Event {
    at: i64,
    customer: String,
    body: Value,
    text: String,
}

impl Event {
    fn of(number: &str, invoice: Invoice) -> Result<Self, String> {
        let written = wire::time::format(invoice.at).ok_or("an instant out of range")?;
        let body = json!({
            "type": "track",
            "event": "Order Completed",
            "messageId": format!("invoice-{number}"),
            "userId": invoice.customer,
            "timestamp": written,
            "properties": {"order_id": number, "products": invoice.lines},
        });
        Ok(Self {
            at: invoice.at,
            customer: invoice.customer,
            text: body.to_string(),
            body,
        })
    }
}

fn customers(events: &[Event]) -> Vec<&str> {
    let mut all: Vec<&str> = events.iter().map(|event| event.customer.as_str()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Sends everything in batches, one after the other, and the first one a second time, as a client
/// does that got no answer.
async fn stream(shop: &Shop, events: &[Event]) -> Result<usize, String> {
    let mut rest = events;
    let mut is_first = true;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(first_batch(rest));
        send(shop, batch).await?;
        if is_first {
            send(shop, batch).await?;
        }
        is_first = false;
        rest = after;
    }
    Ok(events.len())
}

fn first_batch(events: &[Event]) -> usize {
    let mut bytes = 0;
    let fits = events.iter().take(BATCH_EVENTS).take_while(|event| {
        bytes += event.text.len() + 1;
        bytes <= BATCH_BYTES
    });
    fits.count().max(1)
}

/// Received when its last event happened. The shop's customers agreed to both purposes: the source
/// says so once for the batch.
async fn send(shop: &Shop, batch: &[Event]) -> Result<(), String> {
    let now = batch.last().map_or(0, |event| event.at);
    let events: Vec<&Value> = batch.iter().map(|event| &event.body).collect();
    let agreed = json!({"personalise_offers": true, "measure": true});
    let body = json!({
        "batch": events,
        "context": {"consent": {"categoryPreferences": agreed}},
    });
    let strict = shop.client.with("x-strict-mode", "1");
    let answer = strict.post_at(now, "/v1/batch", &body).await?;
    ok("POST /v1/batch", answer).map(|_| ())
}

async fn read_back<'c>(
    shop: &Shop,
    customers: &[&'c str],
) -> Result<BTreeMap<&'c str, Rfm>, String> {
    let then = shop.client.with("proffer-now", SNAPSHOT);
    let mut profiles = BTreeMap::new();
    for customer in customers {
        let path = format!("/v1/customers/{customer}/profile");
        let profile = ok(&path, then.get(&path).await?)?;
        let fact = |name: &str| {
            let value = profile.get("facts").and_then(|facts| facts.get(name));
            let missing = || format!("{path} tells no {name}: {profile}");
            value.and_then(Value::as_u64).ok_or_else(missing)
        };
        let rfm = Rfm {
            recency: fact("customer.recency_days")?,
            frequency: fact("customer.orders")?,
            monetary: fact("customer.spent")?,
            units: fact("customer.units")?,
        };
        profiles.insert(*customer, rfm);
    }
    Ok(profiles)
}

fn compare(figures: &mut Figures, profiles: &BTreeMap<&str, Rfm>) {
    let of = |read: fn(&Rfm) -> u64| profiles.values().map(read).collect::<Vec<_>>();
    let (recency, frequency) = (of(|rfm| rfm.recency), of(|rfm| rfm.frequency));
    let monetary = of(|rfm| rfm.monetary);
    figures.row("customers", "4338", profiles.len());
    figures.row("invoices", "18532", frequency.iter().sum::<u64>());
    figures.row("revenue", "8911407.90", money(monetary.iter().sum()));
    figures.row("mean recency in days", "93.0595", mean(&recency, 1.0));
    figures.row("mean frequency", "4.2720", mean(&frequency, 1.0));
    figures.row("mean monetary value", "2054.2665", mean(&monetary, 100.0));
    figures.row("median recency in days", "51", median(&recency, 1.0));
    figures.row("median frequency", "2", median(&frequency, 1.0));
    figures.row("median monetary value", "674.485", median(&monetary, 100.0));
    let named = [
        ("12346", "326, 1, 77183.60"),
        ("12347", "3, 7, 4310.00"),
        ("17850", "373, 34, 5391.21"),
    ];
    for (customer, published) in named {
        let found = profiles.get(customer).map(|rfm| {
            format!(
                "{}, {}, {}",
                rfm.recency,
                rfm.frequency,
                money(rfm.monetary)
            )
        });
        let name = format!("customer {customer}: recency, frequency, monetary");
        figures.row(&name, published, found.unwrap_or_default());
    }
}

fn tell_speed(what: &str, count: usize, spent: &Spent) {
    println!(
        "{count} {what} in {:.1} s: {:.0} per second of wall time, {:.0} per CPU second of the \
         server ({:.1} s of CPU there, {:.1} s here).",
        spent.wall,
        count as f64 / spent.wall,
        count as f64 / spent.server,
        spent.server,
        spent.caller
    );
}
