//! Metadata that is read late: it is refused, echoed and told as if it had been read at once.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rules::{Facts, Reads, Telling};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::voucherify::{Metadata, Unread, unread_facts};

/// An object that has metadata, be it read late or at once.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct With<M> {
    metadata: M,
}

/// The echo of a body, or why it is refused and where.
fn echo<M>(body: &str) -> Result<String, String>
where
    M: Default + Serialize + serde::de::DeserializeOwned,
{
    let with = wire::parse::<With<M>>(body.as_bytes()).map_err(|wrong| wrong.to_string())?;
    let kept = serde_json::to_value(&with).unwrap().to_string();
    let echoed = serde_json::to_string(&with).unwrap();
    assert_eq!(kept, echoed);
    Ok(echoed)
}

#[track_caller]
fn check(metadata: &str) {
    let body = format!(r#"{{"metadata":{metadata}}}"#);
    let at_once = echo::<BTreeMap<String, Value>>(&body);
    assert_eq!(echo::<Unread>(&body), at_once, "{body}");
}

#[test]
fn it_is_echoed_and_refused_as_if_it_were_read_at_once() {
    check("{}");
    check(r#"{"b": [1, -1, 1.50, 1e3, -0, [], {}], "a": null, "c": [true, false]}"#);
    check(r#"{"x\n": "x\n\u00e9\ud83d\ude00", "": {"": ""}, "quo\"te": "back\\slash"}"#);
    check(r#"{"ratio": 0.30000000000000004, "long": 123456789.12345678901}"#);
    check(r#"{"small": 2.2250738585072011e-308, "low": -9223372036854775808}"#);
    check(r#"{"big": 18446744073709551615, "bigger": 18446744073709551616}"#);
    check(r#"{"a": 1, "a": {"z": 1, "b": 2, "z": 3}, "b": 1, "a": {"z": 1, "z": [3]}}"#);
    for wrong in [
        "7",
        "null",
        "\"x\"",
        "[]",
        "[1]",
        "true",
        r#"{"a": 1e999}"#,
        r#"{"a": "\ud800"}"#,
        r#"{"a": {"b": [1, tru]}}"#,
        r#"{"a": 01}"#,
        r#"{"a"}"#,
        r#"{"a": 1,}"#,
        r#"{1: 1}"#,
        "{\"a\": \"\n\"}",
        r#"{"a": [1, {"b": "\x"}]}"#,
        "{",
    ] {
        check(wrong);
    }
    for depth in 120..130 {
        check(&format!(
            r#"{{"a":{}1{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        ));
        check(&format!(
            "{}1{}",
            r#"{"a":"#.repeat(depth),
            "}".repeat(depth)
        ));
    }
}

#[test]
fn of_two_members_of_one_name_the_later_is_told() {
    let told = |body: &str| {
        let reads = Reads::everything();
        let mut telling = Telling::to(&reads);
        let metadata: Unread = serde_json::from_str(body).unwrap();
        unread_facts("", &metadata, &mut telling);
        telling.done()
    };
    assert_eq!(told(r#"{"a": 1, "a": null}"#), Facts::default());
    let nested = r#"{"a": {"b": 1}, "a": {"c": 2}}"#;
    assert_eq!(
        told(nested),
        Facts::from_iter([("a.c", rules::Value::Int(2))])
    );
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_was_read_comes_back_to_the_byte(
        read in proptest::collection::btree_map(any::<String>(), json(), 0..8),
    ) {
        let read: Metadata = read;
        let unread = Unread::from(&read);
        let echoed = serde_json::to_string(&unread).unwrap();
        prop_assert_eq!(&echoed, &serde_json::to_string(&read).unwrap());
        check(&echoed);
    }
}
