//! Segment's batches, event by event.

use offers::Currency;
use profiles::{Item, Kind, Product};
use wire::{
    segment::{self, Call, ConsentSaid, Event, Moment, Refused, Track},
    time,
};

const RECEIVED: &str = "2026-11-21T12:00:00.000Z";

fn moment() -> Moment {
    let received_at = time::parse(RECEIVED).unwrap_or(0);
    Moment {
        received_at,
        currency: Currency(*b"EUR"),
        places: 2,
    }
}

#[test]
fn events_mean_what_they_say() {
    crate::check(include_str!("rows/segment.txt"), |body| {
        let found = segment::batch(body.as_bytes(), &moment());
        found.map_or_else(
            |wrong| wrong.to_string(),
            |batch| {
                let items: Vec<String> = batch.items.iter().map(told).collect();
                batch
                    .write_key
                    .iter()
                    .map(|key| format!("key {key}: "))
                    .collect::<String>()
                    + &items.join(" / ")
            },
        )
    });
}

fn told(item: &segment::Item<'_>) -> String {
    match item {
        Ok(event) => event_told(event),
        Err(Refused {
            code,
            pointer,
            detail,
            ..
        }) => format!("{code} {pointer}: {detail}"),
    }
}

fn event_told(event: &Event<'_>) -> String {
    let id = |name: &str, id: &Option<std::borrow::Cow<'_, str>>| {
        id.iter()
            .map(|id| format!("{name}{id} "))
            .collect::<String>()
    };
    let late = (moment().received_at - event.at) / 1000;
    let consent = match event.consent {
        None => "-".to_owned(),
        Some(ConsentSaid {
            personalise_offers,
            measure,
        }) => {
            format!("{}{}", u8::from(personalise_offers), u8::from(measure))
        }
    };
    let call = match &event.call {
        Call::Identify(traits) => {
            let facts: Vec<String> = traits
                .facts
                .iter()
                .map(|(path, value)| format!("{path}={value:?}"))
                .collect();
            format!("identify {}[{}]", id("", &traits.email), facts.join(" "))
        }
        Call::Track(track) => track_told(track),
        Call::ConsentUpdated => "consent updated".into(),
        Call::Alias { previous_id } => format!("alias of {previous_id}"),
        Call::Unused => "unused".into(),
    };
    let names =
        id("#", &event.message_id) + &id("u:", &event.user_id) + &id("a:", &event.anonymous_id);
    format!("{names}{late}s ago, consent {consent}, {call}")
}

fn track_told(track: &Track<'_>) -> String {
    let kind = match &track.activity.kind {
        Kind::Page => "page".into(),
        Kind::ProductViewed(product) => format!("viewed {}", product_told(product)),
        Kind::ProductAdded(product) => format!("added {}", product_told(product)),
        Kind::CartViewed { value } => format!("cart {value}"),
        Kind::CheckoutStarted { value } => format!("checkout {value}"),
        Kind::OrderCompleted(order) => {
            let items: Vec<String> = order.items.iter().map(item_told).collect();
            format!(
                "paid {} after {} off [{}]",
                order.total,
                order.discount,
                items.join(", ")
            )
        }
        Kind::OrderRefunded { amount, .. } => format!("refunded {amount}"),
        Kind::OfferExposed => "exposed".into(),
        Kind::Named(name) => format!("named {name}"),
    };
    let order = track
        .order_id
        .iter()
        .map(|id| format!(" order {id}"))
        .collect::<String>();
    let shown = track
        .promotion_id
        .iter()
        .map(|id| format!(" of {id}"))
        .collect::<String>();
    let costs = track.costs.iter().map(|costs| {
        format!(
            " costs {:?} {:?} {:?}",
            costs.goods, costs.shipping, costs.fees
        )
    });
    kind + &order + &shown + &costs.collect::<String>()
}

fn product_told(product: &Product) -> String {
    let part = |name: &Option<profiles::Name>| name.as_deref().unwrap_or("-").to_owned();
    format!(
        "{}/{}/{}",
        part(&product.category),
        part(&product.brand),
        part(&product.sku)
    )
}

fn item_told(item: &Item) -> String {
    format!(
        "{} {} for {}",
        item.quantity,
        product_told(&item.product),
        item.amount
    )
}

#[test]
fn limits_are_kept() {
    let big = format!(
        r#"{{"type":"track","event":"x","userId":"u","pad":"{}"}}"#,
        "x".repeat(32_768)
    );
    let small = r#"{"type":"page","userId":"u"}"#;
    let both = format!(r#"{{"batch":[{big},{small}]}}"#);
    let read = segment::batch(both.as_bytes(), &moment()).unwrap();
    assert_eq!(read.items[0].as_ref().unwrap_err().code, "too_large");
    assert!(read.items[1].is_ok());
    let many = format!(r#"{{"batch":[{}]}}"#, vec![r#"{}"#; 2_501].join(","));
    assert!(segment::batch(many.as_bytes(), &moment()).is_err());
    let long = format!(r#"{{"batch":[],"pad":"{}"}}"#, "x".repeat(500 * 1024));
    assert!(segment::batch(long.as_bytes(), &moment()).is_err());
    assert!(segment::single(big.as_bytes(), segment::Kind::Track, &moment()).is_err());
}

#[test]
fn texts_without_escapes_are_not_copied() {
    let body =
        r#"{"type":"identify","messageId":"m","userId":"u","sentAt":"2026-11-21T12:00:00Z"}"#;
    let batch = segment::single(body.as_bytes(), segment::Kind::Identify, &moment()).unwrap();
    let event = batch.items[0].as_ref().unwrap();
    assert!(matches!(
        event.user_id,
        Some(std::borrow::Cow::Borrowed("u"))
    ));
    assert!(matches!(
        event.message_id,
        Some(std::borrow::Cow::Borrowed("m"))
    ));
}
