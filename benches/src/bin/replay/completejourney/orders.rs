//! Which order was a code used on? The real one of that household that day where it holds a product
//! the code covers; else one line of such a product.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::data::{Bought, DAY_MS, Data, Use, Visit};
use crate::files::instant;

/// What the invented line costs, in minor units.
const INVENTED_PRICE: u64 = 500;

/// A use as it will be asked for.
pub struct Asked<'d> {
    pub of: &'d Use,
    pub at: i64,
    /// The order of the API, with its customer.
    pub order: Value,
    pub amount: u64,
    /// Whether the order is a real one.
    pub is_real: bool,
    /// What codes really took off the covered lines, in minor units; zero where nothing is known.
    pub taken: u64,
}

/// All uses in the order they happened.
///
/// # Errors
/// When a date is none.
pub fn asked(data: &Data) -> Result<Vec<Asked<'_>>, String> {
    let mut all = Vec::with_capacity(data.uses.len());
    for (place, of) in data.uses.iter().enumerate() {
        all.push(one(data, (place, of))?);
    }
    all.sort_by_key(|asked| asked.at);
    Ok(all)
}

fn one<'d>(data: &'d Data, (place, of): (usize, &'d Use)) -> Result<Asked<'d>, String> {
    let covered: BTreeSet<&str> = data
        .covers
        .get(&of.code)
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let taken = |visit: &Visit| -> u64 {
        let lines = visit.lines.iter();
        let lines = lines.filter(|line| covered.contains(line.product.as_str()));
        lines.map(|line| line.taken).sum()
    };
    let day = data.visits.get(&(of.household.clone(), of.date.clone()));
    let sold = |visit: &&Visit| {
        let mut lines = visit.lines.iter().filter(|line| is_sold(line));
        lines.any(|line| covered.contains(line.product.as_str()))
    };
    let visits = day.into_iter().flat_map(|visits| visits.values());
    let real = visits.filter(sold).max_by_key(|visit| taken(visit));
    let invented = || Visit {
        at: instant(&of.date).unwrap_or(0) + DAY_MS / 2,
        lines: vec![Bought {
            product: covered.first().copied().unwrap_or_default().to_owned(),
            quantity: 1,
            paid: INVENTED_PRICE,
            taken: 0,
        }],
    };
    let known = real.map_or_else(invented, |visit| Visit {
        at: visit.at,
        lines: visit
            .lines
            .iter()
            .filter(|line| is_sold(line))
            .cloned()
            .collect(),
    });
    Ok(Asked {
        of,
        at: known.at,
        order: order(data, (place, of), &known),
        amount: known.lines.iter().map(|line| line.paid).sum(),
        is_real: real.is_some(),
        taken: taken(&known),
    })
}

/// Lines with nothing in them or nothing paid stand for something else than goods.
fn is_sold(line: &Bought) -> bool {
    line.quantity > 0 && line.paid > 0
}

/// The till says which code was scanned, and for every product which codes its label answers to.
fn order(data: &Data, (place, of): (usize, &Use), visit: &Visit) -> Value {
    let items: Vec<Value> = visit.lines.iter().map(|line| item(data, line)).collect();
    json!({
        "source_id": format!("use-{place}"),
        "items": items,
        "metadata": {"scanned": of.code},
    })
}

/// A line whose amount is not a whole multiple of its quantity is sold as one pack.
fn item(data: &Data, line: &Bought) -> Value {
    let is_even = line.paid.is_multiple_of(line.quantity);
    let (quantity, price) = if is_even {
        (line.quantity, line.paid / line.quantity)
    } else {
        (1, line.paid)
    };
    let codes = data.codes.get(&line.product).cloned().unwrap_or_default();
    json!({
        "source_id": line.product,
        "related_object": "product",
        "quantity": quantity,
        "price": price,
        "metadata": {"codes": codes},
    })
}

/// The same goods as an order of its own: an order that was honoured is answered as before,
/// whoever asks.
pub fn anew(asked: &Asked<'_>, id: &str) -> Value {
    let mut order = asked.order.clone();
    if let Some(members) = order.as_object_mut() {
        members.insert("source_id".into(), id.into());
    }
    order
}

/// As [`anew`], with one line of something else in place of the goods.
pub fn without_cover(asked: &Asked<'_>, id: &str) -> Value {
    let mut order = anew(asked, id);
    let line = json!({
        "source_id": "something-else",
        "related_object": "product",
        "quantity": 1,
        "price": INVENTED_PRICE,
        "metadata": {"codes": []},
    });
    if let Some(members) = order.as_object_mut() {
        members.insert("items".into(), json!([line]));
    }
    order
}
