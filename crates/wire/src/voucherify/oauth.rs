//! How is a short-lived token asked for, and what may it do? After RFC 6749 (client credentials),
//! RFC 7662 and RFC 7009, with a scope for each family of paths.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Key;

/// How long a token lives.
pub const TOKEN_SECONDS: i64 = 900;
/// The one way to get one.
const GRANT: &str = "client_credentials";

/// Every path of a shop's servers, and every path of its pages.
const ALL: [&str; 2] = ["api", "client_api"];
/// Families of paths: what stands after `/v1/`, and after `/client/v1/`.
const FAMILIES: [&str; 29] = [
    "assets",
    "async-actions",
    "campaigns",
    "categories",
    "consents",
    "customers",
    "events",
    "exports",
    "locations",
    "loyalties",
    "metadata-schemas",
    "orders",
    "product-collections",
    "products",
    "promotions",
    "publications",
    "qualifications",
    "redemptions",
    "referrals",
    "rewards",
    "segments",
    "skus",
    "task-results",
    "templates",
    "trash-bin",
    "validation-rules",
    "validation-rules-assignments",
    "validations",
    "vouchers",
];
const OF_PAGES: [&str; 11] = [
    "client_consents",
    "client_customers",
    "client_events",
    "client_promotions",
    "client_publish",
    "client_qualifications",
    "client_redeem",
    "client_redemptions",
    "client_validate",
    "client_validations",
    "client_vouchers",
];

/// Asks for a token, as a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TokenRequest {
    /// `client_credentials`
    pub grant_type: Option<String>,
    /// Scopes with a space between them: `api`, `client_api`, or families of paths as `vouchers`
    /// and `client_validations`.
    pub scope: Option<String>,
}

impl TokenRequest {
    /// The scopes that are asked for, each once.
    ///
    /// # Errors
    /// When one is missing or unknown, or it is another kind of grant.
    pub fn scopes(&self) -> Result<Vec<String>, (Key, String)> {
        let missing = |name: &str| (Key::MissingParameters, format!("{name} is required"));
        let grant = self.grant_type.as_deref();
        let grant = grant.ok_or_else(|| missing("grant_type"))?;
        if grant != GRANT {
            return Err((Key::InvalidGrantType, format!("grant_type is {GRANT}")));
        }
        let mut scopes = Vec::new();
        for scope in self.scope.as_deref().unwrap_or_default().split_whitespace() {
            let mut known = ALL.iter().chain(&FAMILIES).chain(&OF_PAGES);
            if !known.any(|known| *known == scope) {
                return Err((Key::InvalidScope, "scope: one of them is unknown".into()));
            }
            if !scopes.iter().any(|one| one == scope) {
                scopes.push(scope.to_owned());
            }
        }
        match scopes.is_empty() {
            true => Err(missing("scope")),
            false => Ok(scopes),
        }
    }
}

/// Whether one of these scopes opens a path.
#[must_use]
pub fn opens(scopes: &[String], path: &str) -> bool {
    let (all, prefix, rest) = match path.strip_prefix("/client/v1/") {
        Some(rest) => ("client_api", "client_", rest),
        None => ("api", "", path.strip_prefix("/v1/").unwrap_or_default()),
    };
    let family = rest.split('/').next().unwrap_or_default();
    let is_it = |scope: &String| scope == all || scope.strip_prefix(prefix) == Some(family);
    !family.is_empty() && scopes.iter().any(is_it) || scopes.iter().any(|scope| scope == all)
}

/// A token, shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenView {
    pub access_token: String,
    pub client_id: String,
    /// Seconds since 1970.
    pub expires_at: i64,
    pub expires_in: i64,
    pub scope: String,
    pub token_type: &'static str,
}

/// Names a token, as a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TokenNamed {
    pub token: Option<String>,
}

/// What a token is; of one that is unknown, another's or over, only that it does nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenState {
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// Seconds since 1970: until when, and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scopes: &[&str], opened: &[&str], shut: &[&str]) {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let is_open = |path: &&&str| opens(&scopes, path);
        assert_eq!(
            opened.iter().find(|path| !is_open(path)),
            None,
            "{scopes:?}"
        );
        assert_eq!(shut.iter().find(is_open), None, "{scopes:?}");
    }

    #[test]
    fn a_scope_opens_its_family_alone() {
        let (settings, rules) = ("/v1/settings", "/management/v1/projects/p/stacking-rules");
        let (pages, shops) = ("/client/v1/validations", "/v1/validations");
        check(
            &["vouchers"],
            &["/v1/vouchers", "/v1/vouchers/TEN/redemption"],
            &[
                "/v1/vouchers-of-others",
                "/v1/campaigns",
                "/client/v1/vouchers",
                rules,
                settings,
            ],
        );
        check(
            &["validations", "redemptions"],
            &["/v1/redemptions", shops],
            &[pages],
        );
        check(
            &["validation-rules"],
            &[],
            &["/v1/validation-rules-assignments"],
        );
        check(
            &["client_validations"],
            &[pages],
            &[shops, "/client/v1/redemptions"],
        );
        check(&["api"], &[settings, rules, shops], &[pages]);
        check(&["client_api"], &[pages], &[shops, settings]);
        check(&[], &[], &[pages, shops, settings]);
    }

    fn refused(grant: Option<&str>, scope: Option<&str>, expected: Key) {
        let asked = TokenRequest {
            grant_type: grant.map(str::to_owned),
            scope: scope.map(str::to_owned),
        };
        assert_eq!(asked.scopes().unwrap_err().0, expected);
    }

    #[test]
    fn what_is_asked_for_is_known() {
        let asked = TokenRequest {
            grant_type: Some(GRANT.into()),
            scope: Some("vouchers  api vouchers".into()),
        };
        assert_eq!(asked.scopes().unwrap(), ["vouchers", "api"]);
        refused(None, Some("api"), Key::MissingParameters);
        refused(Some("password"), Some("api"), Key::InvalidGrantType);
        refused(Some(GRANT), None, Key::MissingParameters);
        refused(Some(GRANT), Some("  "), Key::MissingParameters);
        refused(Some(GRANT), Some("api everything"), Key::InvalidScope);
    }
}
