//! How long may a name be? The longest is taken, and one more is refused where it stands.

use offers::Currency;
use wire::{
    Malformed,
    decisions::DecisionRequest,
    segment::{self, Moment},
    voucherify::{CustomerInput, ValidationRequest},
};

/// `body` names somebody as `?`, who stands at `place`.
fn check(
    read: impl Fn(&str) -> Result<(), Malformed>,
    body: &str,
    (place, longest): (&str, usize),
) {
    let named = |name: String| read(&body.replace('?', &name)).map_err(|wrong| wrong.pointer);
    assert_eq!(named("x".repeat(longest)), Ok(()), "{place}");
    let refused = Err(place.to_owned());
    assert_eq!(named("x".repeat(longest + 1)), refused);
    assert_eq!(named("é".repeat(longest / 2 + 1)), refused);
}

fn parsed<T: serde::de::DeserializeOwned>(body: &str) -> Result<(), Malformed> {
    wire::parse::<T>(body.as_bytes()).map(|_| ())
}

fn sent(body: &str) -> Result<(), Malformed> {
    let moment = Moment {
        received_at: 0,
        currency: Currency(*b"EUR"),
        places: 2,
    };
    let batch = segment::batch(body.as_bytes(), &moment)?;
    for item in batch.items {
        item.map_err(|refused| Malformed::at(refused.pointer, refused.detail))?;
    }
    Ok(())
}

#[test]
fn names_longer_than_can_be_kept_are_refused_where_they_stand() {
    let customer = parsed::<CustomerInput>;
    check(customer, r#"{"source_id": "?"}"#, ("/source_id", 255));
    check(customer, r#"{"id": "?"}"#, ("/id", 255));
    let validation = parsed::<ValidationRequest>;
    for (body, place) in [
        (r#"{"customer": {"source_id": "?"}}"#, "/customer/source_id"),
        (r#"{"order": {"source_id": "?"}}"#, "/order/source_id"),
        (r#"{"order": {"id": "?"}}"#, "/order/id"),
        (r#"{"order": {"customer_id": "?"}}"#, "/order/customer_id"),
        (
            r#"{"order": {"customer": {"source_id": "?"}}}"#,
            "/order/customer/source_id",
        ),
    ] {
        check(validation, body, (place, 255));
    }
    let decision = parsed::<DecisionRequest>;
    let body = r#"{"customer": {"source_id": "?"}}"#;
    check(decision, body, ("/customer/source_id", 255));
}

#[test]
fn events_of_names_longer_than_can_be_kept_are_refused_where_they_stand() {
    for (body, place) in [
        (
            r#"{"batch":[{"type":"page","userId":"?"}]}"#,
            ("/userId", 255),
        ),
        (
            r#"{"batch":[{"type":"page","anonymousId":"?"}]}"#,
            ("/anonymousId", 255),
        ),
        (
            r#"{"batch":[{"type":"alias","userId":"u","previousId":"?"}]}"#,
            ("/previousId", 255),
        ),
        (
            r#"{"batch":[{"type":"page","userId":"u","messageId":"?"}]}"#,
            ("/messageId", 99),
        ),
    ] {
        check(sent, body, place);
    }
}
