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

/// Calls that need no key: the process's own, and what a browser asks before it sends its key.
fn is_open(method: &str, path: &str) -> bool {
    method == "options" || ["/healthz", "/metrics", "/readyz"].contains(&path)
}

#[test]
fn every_call_says_which_key_it_takes_and_how_it_refuses() {
    let description = serde_json::to_value(server::router::openapi()).unwrap();
    let schemes = &description["components"]["securitySchemes"];
    assert_eq!(schemes["X-App-Token"]["in"], "header");
    for scheme in ["bearer", "basic"] {
        assert_eq!(schemes[scheme]["scheme"], scheme);
    }
    let all = &description["security"];
    assert_eq!(all.as_array().unwrap().len(), 3);
    for (path, calls) in description["paths"].as_object().unwrap() {
        for (method, call) in calls.as_object().unwrap() {
            let keys = call.get("security").unwrap_or(all).as_array().unwrap();
            assert_eq!(keys.is_empty(), is_open(method, path), "{method} {path}");
            for status in ["401", "403", "429"] {
                let schema = "/content/application~1problem+json/schema/$ref";
                let named = call["responses"][status].pointer(schema);
                let expected = serde_json::json!("#/components/schemas/Problem");
                let expected = (!is_open(method, path)).then_some(&expected);
                assert_eq!(named, expected, "{method} {path} {status}");
            }
        }
    }
}

#[test]
fn every_body_and_every_name_in_a_path_is_described() {
    let description = serde_json::to_value(server::router::openapi()).unwrap();
    // These take no body.
    let bare = [
        "/enable",
        "/disable",
        "/v1/policy/learn",
        "/v1/sandbox/jobs",
        "/webhook-secret",
        "/permanent-deletion",
    ];
    for (path, calls) in description["paths"].as_object().unwrap() {
        for (method, call) in calls.as_object().unwrap() {
            let names = call["parameters"].as_array().into_iter().flatten();
            let names = names.filter(|one| one["in"] == "path").count();
            assert_eq!(names, path.matches('{').count(), "{method} {path}");
            if !["post", "put"].contains(&method.as_str()) {
                continue;
            }
            let bodies = call["requestBody"]["content"].as_object();
            let body = bodies.and_then(|bodies| bodies.values().next());
            let body = body.unwrap_or(&serde_json::Value::Null);
            let schema = &body["schema"];
            let is_named = schema["$ref"].is_string() || schema["items"]["$ref"].is_string();
            let is_told = is_named || body["example"].is_object();
            let is_bare = bare.iter().any(|end| path.ends_with(end));
            assert_eq!(is_told, !is_bare, "{method} {path}: {body}");
        }
    }
}

#[test]
fn what_moves_value_takes_an_idempotency_key() {
    let description = serde_json::to_value(server::router::openapi()).unwrap();
    for path in [
        "/v1/campaigns",
        "/v1/campaigns/{id}/vouchers",
        "/v1/decisions",
        "/v1/redemptions",
        "/v1/redemptions/{id}/rollback",
        "/v1/redemptions/{id}/rollbacks",
        "/v1/vouchers",
        "/v1/vouchers/{code}",
        "/v1/vouchers/{code}/balance",
    ] {
        let parameters = description["paths"][path]["post"]["parameters"].as_array();
        let has_key = parameters.into_iter().flatten().any(|one| {
            one["name"] == "Idempotency-Key" && one["in"] == "header" && one["required"] == false
        });
        assert!(has_key, "{path}");
    }
}
