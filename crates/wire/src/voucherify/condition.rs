//! What does a validation rule mean? Its nodes become one condition, caps and a choice of lines.
//!
//! What we cannot say is refused when it is saved, with its place: a rule that is half understood
//! would give offers to the wrong people.

mod budget;
mod bundle;
mod dates;
mod filter;
mod goods;
mod items;
mod logic;
mod operator;
mod people;
mod unit_caps;

use offers::{Bundle, Cap, Lines};
use rules::Condition;

pub(super) use filter::{of_goods, of_people, of_rows};
pub(super) use people::ATTRIBUTE;

use self::{logic::Logic, operator::Comparison};
use super::{Applicability, Node, Nodes, RuleInput, expression};
use crate::Malformed;

/// Nodes in one rule, those within others included.
const MAX_NODES: usize = 100;

/// What a node of a rule may be called.
pub const RULE_NAMES: [&str; 74] = [
    "customer.segment",
    "customer_segment",
    "customer.metadata",
    "customer_metadata",
    "customer.loyalty.tier",
    "order.amount",
    "order.initial_amount",
    "order.total_amount",
    "order.metadata",
    "order_metadata",
    "order.items.count",
    "order.items.price_any",
    "order.items.price_each",
    "order.items.metadata_any",
    "order.items.metadata_each",
    "order_items_metadata",
    "order.items.any",
    "order.items.every",
    "order.items.none",
    "order.items.cheapest",
    "order.items.most_expensive",
    "product.id",
    "product.price",
    "product.quantity",
    "product.discount_applicable",
    "product.metadata",
    "product_metadata",
    "product.metadata.aggregated_quantity",
    "product.metadata.aggregated_amount",
    "product.metadata.discount_applicable",
    "product.metadata.match_all",
    "sku.id",
    "sku.price",
    "sku.quantity",
    "sku.discount_applicable",
    "campaign.orders.amount",
    "campaign.orders.amount_discounted",
    "campaign.redemptions.count",
    "campaign.redemptions.count.hourly",
    "campaign.redemptions.count.daily",
    "campaign.redemptions.count.weekly",
    "campaign.redemptions.count.monthly",
    "campaign.redemptions.customers_count",
    "campaign.redemptions.customers_count.hourly",
    "campaign.redemptions.customers_count.daily",
    "campaign.redemptions.customers_count.weekly",
    "campaign.redemptions.customers_count.monthly",
    "redemption.count",
    "redemption.count.hourly",
    "redemption.count.daily",
    "redemption.count.weekly",
    "redemption.count.monthly",
    "redemption.count.per_customer",
    "redemption.count.per_customer.hourly",
    "redemption.count.per_customer.daily",
    "redemption.count.per_customer.weekly",
    "redemption.count.per_customer.monthly",
    "redemption.count.per_api_key",
    "redemption.count.per_api_key.hourly",
    "redemption.count.per_api_key.daily",
    "redemption.count.per_api_key.weekly",
    "redemption.count.per_api_key.monthly",
    "redemption.count.per_user",
    "redemption.gift.amount",
    "redemption.reward.pay_with_points.points_used",
    "redemption.metadata",
    "redemption_metadata",
    "redemption.api_key",
    "redemption.user.login",
    "redeemable.metadata",
    "publication.metadata",
    "publication.redeemable_by_linked_customer",
    "custom_event.metadata",
    "custom_event_metadata",
];

/// What a node within one on items may be called.
pub const ITEM_NAMES: [&str; 5] = [
    "order.items.quantity",
    "order.items.aggregated_quantity",
    "order.items.price",
    "order.items.aggregated_amount",
    "order.items.metadata",
];

/// How a node of a rule compares.
pub const OPERATORS: [&str; 35] = [
    "$is",
    "$is_not",
    "$in",
    "$not_in",
    "$less_than",
    "$less_than_or_equal",
    "$less_than_equal",
    "$more_than",
    "$more_than_or_equal",
    "$more_than_equal",
    "$greater_than_or_equal",
    "$starts_with",
    "$ends_with",
    "$contains",
    "$not_contain",
    "$has_value",
    "$is_unknown",
    "$timeframe",
    "$timeframe_absolute",
    "$timeframe_daily_hours",
    "$dow",
    "$count",
    "$count_more",
    "$count_less",
    "$from",
    "$not_differ",
    "$not_intersect",
    "$after",
    "$before",
    "$more_than_ago",
    "$less_than_ago",
    "$is_days_ago",
    "$more_than_future",
    "$less_than_future",
    "$is_days_in_future",
];

/// A validation rule in our types.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translated {
    /// `None` where the rule says nothing of who and what qualifies.
    pub condition: Option<Condition>,
    /// What it says of the order as it would stand then.
    pub after: Option<Condition>,
    /// What it says of budgets and counts.
    pub caps: Vec<Cap>,
    /// The goods that must be there together.
    pub bundle: Option<Bundle>,
    /// Which lines the discount touches, where it says so.
    pub lines: Option<Lines>,
}

/// Translates a rule.
///
/// # Errors
/// With a pointer within the rule: what is wrong, or not supported yet.
pub fn translate(rule: &RuleInput) -> Result<Translated, Malformed> {
    let is_set = |value: &serde_json::Value| {
        !value.is_null() && value.as_object().is_none_or(|bundles| !bundles.is_empty())
    };
    let bundle = rule.bundle_rules.as_ref().filter(|value| is_set(value));
    let bundle = bundle.map(bundle::read).transpose();
    let mut said = match &rule.rules {
        None => Said::default(),
        Some(nodes) => top(nodes).map_err(|wrong| wrong.under("rules"))?,
    };
    let own = expression(rule.expression.as_deref(), "/expression")?;
    said.conditions.extend(own);
    let goods = rule.applicable_to.as_ref().map(goods::lines);
    let goods = goods.transpose();
    let goods = goods.map_err(|wrong| wrong.under("applicable_to"))?;
    let touched = joined(said.touched).map(Lines::from);
    Ok(Translated {
        condition: joined(said.conditions),
        after: joined(said.after),
        caps: said.caps,
        bundle: bundle.map_err(|wrong| wrong.under("bundle_rules"))?,
        lines: goods
            .flatten()
            .into_iter()
            .chain(touched)
            .reduce(Lines::and),
    })
}

/// The lines that a choice of goods names; `None` where it is all of them.
///
/// # Errors
/// With a pointer within the choice.
pub(super) fn goods_lines(goods: &Applicability) -> Result<Option<Lines>, Malformed> {
    goods::lines(goods)
}

/// All of them, where there are any.
#[must_use]
pub fn joined(parts: Vec<Condition>) -> Option<Condition> {
    (!parts.is_empty()).then(|| Condition::all(parts))
}

/// What the nodes of a rule say.
#[derive(Default)]
struct Said {
    conditions: Vec<Condition>,
    after: Vec<Condition>,
    caps: Vec<Cap>,
    /// Each narrows down what the discount touches, over the facts of a line.
    touched: Vec<Condition>,
}

/// The nodes of a rule. A budget, and what the discount touches, must hold whatever else does:
/// they may not stand in an `or`.
fn top(nodes: &Nodes) -> Result<Said, Malformed> {
    if nodes.count() > MAX_NODES {
        return Err(Malformed::at("", format!("more than {MAX_NODES} nodes")));
    }
    let mut said = Said::default();
    for part in logic::of(nodes)?.into_conjuncts() {
        if let Some(cap) = budget_of(&part, nodes)? {
            said.caps.push(cap);
            continue;
        }
        if let Some(touched) = touched_by(&part, nodes)? {
            said.touched.push(touched);
            continue;
        }
        let condition = meaning(&part, nodes, &condition_of)?;
        match is_after(&part, nodes) {
            true => said.after.push(condition),
            false => said.conditions.push(condition),
        }
    }
    // Where nothing can be touched the rule does not hold.
    let some_line = joined(said.touched.clone()).map(|line| some(Ok(line)));
    said.conditions.extend(some_line.transpose()?);
    Ok(said)
}

/// What the order comes to with the discount is known once it is counted.
const TOTAL: &str = "order.total_amount";

fn is_after(part: &Logic, nodes: &Nodes) -> bool {
    match part {
        Logic::All(parts) | Logic::Any(parts) => parts.iter().any(|part| is_after(part, nodes)),
        Logic::Node(number) => nodes
            .nodes
            .get(number)
            .is_some_and(|node| node.name == TOTAL),
    }
}

fn budget_of(part: &Logic, nodes: &Nodes) -> Result<Option<Cap>, Malformed> {
    let Logic::Node(number) = part else {
        return Ok(None);
    };
    match nodes.nodes.get(number) {
        Some(node) => budget::cap(node).map_err(|wrong| wrong.under(number)),
        None => Ok(None),
    }
}

fn touched_by(part: &Logic, nodes: &Nodes) -> Result<Option<Condition>, Malformed> {
    let Logic::Node(number) = part else {
        return Ok(None);
    };
    match nodes.nodes.get(number) {
        Some(node) => goods::touched(node).map_err(|wrong| wrong.under(number)),
        None => Ok(None),
    }
}

/// What a `logic` says when `translate` tells what each node says.
fn meaning(
    logic: &Logic,
    nodes: &Nodes,
    translate: &dyn Fn(&Node) -> Result<Condition, Malformed>,
) -> Result<Condition, Malformed> {
    let each = |parts: &[Logic]| {
        parts
            .iter()
            .map(|part| meaning(part, nodes, translate))
            .collect::<Result<Vec<_>, _>>()
    };
    match logic {
        Logic::All(parts) => each(parts).map(Condition::all),
        Logic::Any(parts) => each(parts).map(Condition::any),
        Logic::Node(number) => {
            let missing = || Malformed::at("/logic", format!("there is no node {number}"));
            let node = nodes.nodes.get(number).ok_or_else(missing)?;
            translate(node).map_err(|wrong| wrong.under(number))
        }
    }
}

/// What one node says of customer, order and context.
fn condition_of(node: &Node) -> Result<Condition, Malformed> {
    let name = node.name.as_str();
    match name {
        "order.items.any"
        | "order.items.every"
        | "order.items.none"
        | "order.items.cheapest"
        | "order.items.most_expensive" => return items::items(node),
        "product.id" | "sku.id" => return goods::some_line(node),
        _ => {}
    }
    nothing_within(node)?;
    match name {
        "customer.segment" | "customer_segment" => operator::membership(node, "customer.segments"),
        "customer.metadata" | "customer_metadata" => of_property(node, "customer.metadata"),
        "order.metadata" | "order_metadata" => of_property(node, "order.metadata"),
        "redemption.metadata" | "redemption_metadata" => of_property(node, "redemption.metadata"),
        "redeemable.metadata" | "publication.metadata" => of_property(node, name),
        // Told where an event of the shop's own earns; elsewhere there is none.
        "custom_event.metadata" | "custom_event_metadata" => of_property(node, "event.metadata"),
        "publication.redeemable_by_linked_customer" | "redemption.api_key" | USER => {
            operator::compare(node, &Comparison::scalar(name))
        }
        // Without a user there is nobody of whom uses could be counted.
        "redemption.count.per_user" => {
            budget::checked(node).map(|()| Condition::Known(USER.into()))
        }
        "customer.loyalty.tier" => operator::listed(node, "customer.loyalty_tiers"),
        "order.amount" | "order.initial_amount" | "order.items.count" | TOTAL => {
            operator::compare(node, &Comparison::number(name))
        }
        "order.items.price_any" => some(operator::compare(node, &Comparison::number("line.price"))),
        "order.items.price_each" => {
            every(operator::compare(node, &Comparison::number("line.price")))
        }
        "order.items.metadata_any" | "product.metadata" | "product_metadata" => {
            some(of_property(node, "line.metadata"))
        }
        "order.items.metadata_each" | "product.metadata.match_all" | "order_items_metadata" => {
            every(of_property(node, "line.metadata"))
        }
        "product.metadata.aggregated_quantity" => items::in_all(node, "line.quantity"),
        "product.metadata.aggregated_amount" => items::in_all(node, "line.amount"),
        "redemption.reward.pay_with_points.points_used" => {
            operator::compare(node, &Comparison::number("redemption.points"))
        }
        "product.price" | "sku.price" | "product.quantity" | "sku.quantity" => {
            goods::measured(node)
        }
        _ => Err(Malformed::at("/name", unsaid(name))),
    }
}

/// Who is signed in: told of nobody, since keys call here.
const USER: &str = "redemption.user.login";

fn nothing_within(node: &Node) -> Result<(), Malformed> {
    let rules = node.rules.as_ref();
    if rules.is_some_and(|rules| !rules.nodes.is_empty()) {
        let detail = format!("not supported under {}", node.name);
        return Err(Malformed::at("/rules", detail));
    }
    Ok(())
}

/// Why a name says nothing here.
fn unsaid(name: &str) -> String {
    match name {
        "" => "is required".to_owned(),
        whole if budget::is_budget(whole) || goods::is_touching(whole) => {
            format!("{whole} may not stand in an or")
        }
        known if RULE_NAMES.contains(&known) => format!("{known} may not stand here"),
        other => format!("{other} is not supported yet"),
    }
}

fn of_property(node: &Node, prefix: &str) -> Result<Condition, Malformed> {
    let property = node
        .property
        .as_deref()
        .filter(|property| !property.is_empty());
    let property = property.ok_or_else(|| Malformed::at("/property", "is required"))?;
    operator::compare(node, &Comparison::anything(&format!("{prefix}.{property}")))
}

fn some(inner: Result<Condition, Malformed>) -> Result<Condition, Malformed> {
    inner.map(|inner| Condition::AnyLine(Box::new(inner)))
}

fn every(inner: Result<Condition, Malformed>) -> Result<Condition, Malformed> {
    inner.map(|inner| Condition::EveryLine(Box::new(inner)))
}

impl Nodes {
    /// How many nodes there are, those within others included.
    fn count(&self) -> usize {
        let within = |node: &Node| 1 + node.rules.as_ref().map_or(0, Self::count);
        self.nodes.values().map(within).sum()
    }
}
