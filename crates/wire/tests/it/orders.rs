//! Orders in: lines, shipping, costs and facts.

use offers::{Currency, Order};
use rules::{Facts, Reads};
use wire::voucherify::{OrderInput, order_metadata_facts, order_to_domain};

#[test]
fn orders_mean_what_they_say() {
    crate::check(include_str!("rows/orders.txt"), |body| {
        let input = wire::parse::<OrderInput>(body.as_bytes());
        let found = input.and_then(|input| {
            let order = order_to_domain(&input, Currency(*b"EUR"), &Reads::everything())?;
            is_told_alone(&input, &order);
            Ok(told(&order) + &facts(" | ", &order_metadata_facts(&input, &Reads::everything())))
        });
        found.unwrap_or_else(|wrong| wrong.to_string())
    });
}

/// One who reads but one fact is told it as it is among all, and nothing else.
fn is_told_alone(input: &OrderInput, order: &Order) {
    let among = order_metadata_facts(input, &Reads::everything());
    let all: Vec<&Facts> = order.lines.iter().map(|line| &line.facts).collect();
    for (path, _) in all.iter().copied().chain([&among]).flat_map(Facts::iter) {
        let reads = Reads::from_iter([path.clone()]);
        let alone = |facts: &Facts| {
            let value = facts.get(path.as_str());
            value
                .map(|value| (path.clone(), value))
                .into_iter()
                .collect::<Facts>()
        };
        let told = order_to_domain(input, order.currency, &reads).unwrap();
        let told: Vec<Facts> = told.lines.into_iter().map(|line| line.facts).collect();
        let expected: Vec<Facts> = all.iter().map(|facts| alone(facts)).collect();
        assert_eq!(told, expected, "{path}");
        assert_eq!(order_metadata_facts(input, &reads), alone(&among), "{path}");
    }
    let told = order_to_domain(input, order.currency, &Reads::nothing()).unwrap();
    assert!(told.lines.iter().all(|line| line.facts.is_empty()));
}

fn told(order: &Order) -> String {
    let currency = String::from_utf8_lossy(&order.currency.0);
    let mut text = format!("{} {currency}", order.amount);
    for line in &order.lines {
        text += &format!(", {} {} at {}", line.quantity, line.sku.0, line.unit_price);
        text += &line
            .unit_cost
            .map(|cost| format!(" costing {cost}"))
            .unwrap_or_default();
        text += &more(" less", line.discount);
        text += &facts(" ", &line.facts);
    }
    text += &more(", shipping", order.shipping);
    text += &more(", discount", order.discount);
    text + &order
        .store
        .iter()
        .map(|store| format!(", store {store}"))
        .collect::<String>()
}

fn more(word: &str, amount: u64) -> String {
    if amount == 0 {
        String::new()
    } else {
        format!("{word} {amount}")
    }
}

fn facts(before: &str, facts: &Facts) -> String {
    let all: Vec<String> = facts
        .iter()
        .map(|(path, value)| format!("{path}={value:?}"))
        .collect();
    if all.is_empty() {
        String::new()
    } else {
        format!("{before}[{}]", all.join(" "))
    }
}
