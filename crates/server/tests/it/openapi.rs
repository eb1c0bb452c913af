//! The description of the API changes only on purpose.

use std::{fs, path::Path};

/// `UPDATE_OPENAPI=1 cargo test -p server --test it openapi` writes it anew.
#[test]
fn the_description_is_the_one_that_was_agreed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let served = server::router::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &served).unwrap();
    }
    let agreed = fs::read_to_string(&path).unwrap();
    let differs = served
        .lines()
        .zip(agreed.lines())
        .find(|(served, agreed)| served != agreed);
    assert_eq!(differs, None, "served beside agreed");
    assert_eq!(served.len(), agreed.len());
}

#[test]
fn every_call_says_what_it_answers() {
    let description: serde_json::Value =
        serde_json::from_str(&server::router::openapi().to_json().unwrap()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.len() > 30, "{}", paths.len());
    for (path, calls) in paths {
        for (method, call) in calls.as_object().unwrap() {
            let responses = call["responses"].as_object().unwrap();
            assert!(!responses.is_empty(), "{method} {path}");
            assert!(
                call["summary"].is_string(),
                "{method} {path} has no sentence"
            );
        }
    }
}
