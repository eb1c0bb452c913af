//! What does the shop hold whose server is measured? Fifty live campaigns, and customers as events
//! would have left them.

use decision::{Guardrail, Policy};
use measurement::{Arm, Design};
use offers::{
    Benefit, Campaign, CampaignId, Cap, CapUnit, Commitment, Currency, Lending, Offer, OfferId,
    Period, Reach, Scope, Stacking, Validity, Zone,
};
use profiles::{
    Activity, Consent, CustomerId, Identifier, IdentifierKind, Item, Kind as Happened, Node,
    NodeId, Order, Product, Tallies,
};
use rules::{Condition, Facts, parse};
use serde::Serialize;
use server::{
    app::App,
    clock,
    configuration::{self, Decisioning, Stored},
    people::{Nodes, Person},
    problem::Refused,
    setting::DECISIONING,
    setup::{LIVE, writes},
    versioned::{self, Versioned},
};
use simulation::Chance;
use store::{Command, Index, Kind, Outcome, Write};

const CAMPAIGNS: u64 = 50;
/// Customers and campaigns are of one group each: ten campaigns are for a customer.
const GROUPS: u64 = 5;
/// Histories that customers share.
const HISTORIES: u32 = 64;
const EVENTS: u32 = 30;
const DAY: i64 = 86_400_000;
/// Customers in one command.
const TOGETHER: u64 = 200;

/// The shop's own id of a customer.
pub fn source_id(number: u64) -> String {
    format!("customer-{number}")
}

/// Fills a fresh store.
///
/// # Errors
/// When the store fails.
pub async fn open(app: &App, customers: u64) -> Result<(), Refused> {
    applied(&app.reconfigure(writes(LIVE, configured()?)).await?)?;
    let histories: Vec<Tallies> = (0..HISTORIES)
        .map(|one| history(one, clock::wall()))
        .collect();
    let secret = [app.secret().as_slice(), &LIVE.0.to_be_bytes()].concat();
    let numbers: Vec<u64> = (0..customers).collect();
    for some in numbers.chunks(8 * TOGETHER as usize) {
        let commands = some
            .chunks(TOGETHER as usize)
            .map(|few| -> Result<Command, Refused> {
                let mut all = Vec::with_capacity(3 * few.len());
                for number in few {
                    let tallies = histories.get((number % u64::from(HISTORIES)) as usize);
                    all.extend(customer(app, &secret, (*number, tallies))?);
                }
                Ok(writes(LIVE, all))
            });
        let commands: Result<Vec<Command>, Refused> = commands.collect();
        for outcome in app.store().submit_all(commands?).await? {
            applied(&outcome)?;
        }
    }
    Ok(())
}

pub(crate) fn applied(outcome: &Outcome) -> Result<(), Refused> {
    match outcome {
        Outcome::Applied => Ok(()),
        other => Err(Refused::Fault(format!(
            "the shop was not filled: {other:?}"
        ))),
    }
}

/// A customer as ingest would have written them: a person, and what was seen through their id.
fn customer(
    app: &App,
    secret: &[u8],
    (number, tallies): (u64, Option<&Tallies>),
) -> Result<Vec<Write>, Refused> {
    let (id, node) = (CustomerId(app.next_id()?), NodeId(app.next_id()?));
    let Some(user) = Identifier::new(IdentifierKind::User, &source_id(number)) else {
        return Ok(Vec::new());
    };
    let pseudonym = user.pseudonym(secret);
    let mut traits = Facts::default();
    traits.set(
        "customer.trait.group",
        format!("g{}", number % GROUPS).as_str(),
    );
    traits.set("customer.trait.country", "NL");
    traits.set("customer.trait.newsletter", number.is_multiple_of(2));
    let person = Person {
        id,
        pseudonyms: vec![pseudonym],
        has_user: true,
        traits,
        created_at: clock::wall(),
        ..Person::default()
    };
    let seen = Nodes(vec![Node {
        id: node,
        customer: id,
        consent: Consent::granted(1),
        tallies: tallies.cloned().unwrap_or_default(),
    }]);
    Ok(vec![
        Write::Link {
            index: Index::Identifier,
            key: pseudonym.to_vec(),
            id: id.0,
        },
        put(Kind::Nodes, id.0, &seen)?,
        put(Kind::Customer, id.0, &person)?,
    ])
}

fn put<T: Versioned + Serialize>(kind: Kind, id: u64, thing: &T) -> Result<Write, Refused> {
    let body = versioned::write(thing)?;
    Ok(Write::Put { kind, id, body })
}

/// Thirty events of the last half year.
fn history(number: u32, now: i64) -> Tallies {
    let chance = Chance::new(3);
    let mut tallies = Tallies::default();
    for event in 0..EVENTS {
        let pick = |bound: u64, question: u32| chance.below(bound, (number, event, question));
        let product = Product {
            category: Some(format!("Category {}", pick(12, 1)).into()),
            brand: Some(format!("Brand {}", pick(20, 2)).into()),
            sku: Some(format!("sku-{}", pick(500, 3)).into()),
        };
        let item = Item {
            product: product.clone(),
            quantity: 1 + pick(3, 4) as u32,
            amount: 1_000 + pick(5_000, 5),
        };
        let kind = match pick(10, 6) {
            0..3 => Happened::Page,
            3..8 => Happened::ProductViewed(product),
            8 => Happened::ProductAdded(product),
            _ => Happened::OrderCompleted(Order {
                order_key: pick(u64::MAX, 7),
                total: item.amount,
                discount: 0,
                items: vec![item],
            }),
        };
        let at = now - pick(180, 8).cast_signed() * DAY - pick(86_400, 9).cast_signed() * 1_000;
        tallies.observe(&Activity { at, kind });
    }
    tallies
}

fn configured() -> Result<Vec<Write>, Refused> {
    let mut all = vec![json(Kind::Setting, DECISIONING, &decisioning())?];
    for number in 1..=CAMPAIGNS {
        all.push(json(Kind::Campaign, number, &stored(campaign(number)))?);
        all.push(json(Kind::Offer, number, &stored(offer(number)))?);
    }
    Ok(all)
}

pub(crate) fn json<T: Serialize>(kind: Kind, id: u64, thing: &T) -> Result<Write, Refused> {
    let body = configuration::write(thing)?;
    Ok(Write::Put { kind, id, body })
}

pub(crate) fn stored<T>(thing: T) -> Stored<T> {
    Stored {
        thing,
        extra: serde_json::Value::Null,
        created_at: clock::wall(),
        updated_at: None,
    }
}

fn decisioning() -> Decisioning {
    Decisioning {
        policy: Policy::Ranked((1..=CAMPAIGNS).map(OfferId).collect()),
        guardrails: vec![
            Guardrail::DepthAtMost(300_000),
            Guardrail::NotOnDiscounted,
            Guardrail::QuietDays(3),
        ],
        design: Design {
            salt: *b"bench...........",
            holdout: 100_000,
            weights: vec![(Arm::Treatment(0), 1_000_000)],
            level: 950_000,
        },
    }
}

/// For one group, with a budget, and at most three offers in a customer's week.
fn campaign(number: u64) -> Campaign {
    let rule = format!(
        "customer.trait.group == \"g{}\" && order.amount >= 1000",
        number % GROUPS
    );
    let cap = |reach, period, unit, limit| Cap {
        reach,
        period,
        unit,
        limit,
        grant_remainder: false,
    };
    Campaign {
        id: CampaignId(number),
        name: format!("Campaign {number}").into(),
        active: true,
        validity: Validity::default(),
        rule: parse(&rule).unwrap_or(Condition::Always),
        stacking: Stacking::Together,
        priority: 0,
        commitment: Commitment::WhileBudgetLasts,
        currency: Currency(*b"EUR"),
        caps: vec![
            cap(
                Reach::Campaign,
                Period::Ever,
                CapUnit::Money,
                1_000_000_000_000,
            ),
            cap(Reach::CustomerOverall, Period::Week, CapUnit::Touches, 3),
        ],
        after: Condition::Always,
        zone: Zone::UTC,
        lending: Lending::Off,
    }
}

fn offer(number: u64) -> Offer {
    Offer {
        id: OfferId(number),
        campaign: CampaignId(number),
        name: format!("Offer {number}").into(),
        active: true,
        validity: Validity::default(),
        rule: Condition::Always,
        benefit: Benefit::PercentOff {
            rate: 50_000,
            ceiling: Some(2_000),
        },
        formula: None,
        scope: Scope::Order,
        is_tier: false,
        priority: 0,
        after: Condition::Always,
        bundle: None,
        grant_ms: DAY,
    }
}
