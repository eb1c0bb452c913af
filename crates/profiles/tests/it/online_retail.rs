//! Recency, frequency and monetary value of a real shop's customers, against published figures.
//!
//! The data is Chen, Sain and Guo (2012), "Data mining for the online retail industry",
//! doi:10.1057/dbm.2012.17; the figures stand in the README beside it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use profiles::{Activity, Item, Kind, Order, Product, Tallies, Timestamp};
use rules::{Reads, Telling, Value};

const DAY: i64 = 86_400_000;

/// 10 December 2011, 00:00 UTC.
const SNAPSHOT: Timestamp = 15_318 * DAY;

fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let root = std::env::var_os("PROFFER_DATA").map_or(beside, PathBuf::from);
    Some(root.join("online_retail/online_retail.csv.gz")).filter(|file| file.exists())
}

#[test]
fn rfm_agrees_with_the_published_figures() {
    let Some(file) = data() else {
        eprintln!("skipped: online_retail is in neither $PROFFER_DATA nor ../shared/data");
        return;
    };
    let customers = tallies_by_customer(&invoices(&file));
    assert_eq!(customers.len(), 4_338);

    let rfm: BTreeMap<u32, [i64; 3]> = customers
        .iter()
        .map(|(customer, tallies)| (*customer, rfm(tallies)))
        .collect();
    let [recency, frequency, spent] = [0, 1, 2].map(|place| {
        rfm.values().map(|values| values[place] as f64).sum::<f64>() / rfm.len() as f64
    });
    assert_eq!(format!("{recency:.4}"), "93.0595");
    assert_eq!(format!("{frequency:.4}"), "4.2720");
    // Invoices are rounded to the penny here, and not in the published mean.
    assert!((spent / 100.0 - 2054.2665).abs() < 0.001, "{spent}");

    assert_eq!(rfm[&12346], [326, 1, 7_718_360]);
    assert_eq!(rfm[&12347], [3, 7, 431_000]);
    assert_eq!(rfm[&17850], [373, 34, 539_121]);
}

fn rfm(tallies: &Tallies) -> [i64; 3] {
    let paths = ["customer.recency_days", "customer.orders", "customer.spent"];
    let reads: Reads = paths.into_iter().map(Into::into).collect();
    let mut telling = Telling::to(&reads);
    tallies.facts(SNAPSHOT, &mut telling);
    let facts = telling.done();
    paths.map(|path| match facts.get(path) {
        Some(Value::Int(number)) => *number,
        other => panic!("{path} is {other:?}"),
    })
}

/// Every second invoice goes to a second state, so that what is checked went through a merge.
fn tallies_by_customer(invoices: &BTreeMap<String, Invoice>) -> BTreeMap<u32, Tallies> {
    let mut halves: BTreeMap<u32, [Tallies; 2]> = BTreeMap::new();
    for (number, invoice) in invoices.values().enumerate() {
        let halves = halves.entry(invoice.customer).or_default();
        halves[number % 2].observe(&invoice.activity());
    }
    halves
        .into_iter()
        .map(|(customer, [one, other])| (customer, one.merge(&other)))
        .collect()
}

struct Invoice {
    customer: u32,
    at: Timestamp,
    /// Thousandths of a pound: a few prices have three decimals.
    mills: u64,
    items: Vec<Item>,
}

impl Invoice {
    fn activity(&self) -> Activity {
        let order = Order {
            order_key: 0,
            total: (self.mills + 5) / 10,
            discount: 0,
            items: self.items.clone(),
        };
        Activity {
            at: self.at,
            kind: Kind::OrderCompleted(order),
        }
    }
}

/// Lines with a customer, a positive quantity and a positive price, by invoice.
fn invoices(file: &Path) -> BTreeMap<String, Invoice> {
    let text = GzDecoder::new(std::fs::File::open(file).unwrap());
    let mut reader = csv::Reader::from_reader(std::io::BufReader::new(text));
    let mut invoices: BTreeMap<String, Invoice> = BTreeMap::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).unwrap() {
        let quantity: i64 = record[3].parse().unwrap();
        let mills = mills(&record[5]);
        if record[0].starts_with('C') || record[6].is_empty() || quantity <= 0 || mills == 0 {
            continue;
        }
        let invoice = invoices
            .entry(record[0].to_owned())
            .or_insert_with(|| Invoice {
                customer: record[6].trim_end_matches(".0").parse().unwrap(),
                at: instant(&record[4]),
                mills: 0,
                items: vec![],
            });
        let amount = mills * quantity as u64;
        invoice.mills += amount;
        let product = Product {
            sku: Some(record[1].into()),
            ..Product::default()
        };
        invoice.items.push(Item {
            product,
            quantity: quantity as u32,
            amount: amount / 10,
        });
    }
    invoices
}

fn mills(price: &str) -> u64 {
    let (whole, fraction) = price.split_once('.').unwrap_or((price, ""));
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    // A negative price writes off bad debt: no sale.
    whole.parse::<u64>().map_or(0, |pounds| {
        pounds * 1_000 + thousandths.parse::<u64>().unwrap()
    })
}

/// `2010-12-01 08:26:00` in UTC; the data has no other years than these two.
fn instant(text: &str) -> Timestamp {
    let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let new_year = match part(0..4) {
        2010 => 14_610,
        2011 => 14_975,
        year => panic!("no line is of {year}"),
    };
    let before_month = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let day = new_year + before_month[part(5..7) as usize - 1] + part(8..10) - 1;
    day * DAY + (part(11..13) * 60 + part(14..16)) * 60_000
}
