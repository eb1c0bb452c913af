//! With what does a project sign what its webhooks are told? A secret of its own, made when it is
//! first asked for. The one before signs as well for a day after it was changed.

use hmac::{Hmac, Mac};
use ledger::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use store::{Expect, Kind, Outcome, ProjectId, Write};
use wire::voucherify::WebhookSecretView;

use crate::{
    app::App,
    configuration::{read, write},
    problem::Refused,
    setting::WEBHOOK_SECRET,
    setup::writes,
};

/// For how long the secret before signs as well.
const BOTH_MS: i64 = 86_400_000;

/// Lowercase hex HMAC-SHA256 of the body with the secret in force.
const HEADER: &str = "x-voucherify-signature";
/// The same with the secret before, while it lasts.
const HEADER_BEFORE: &str = "x-proffer-signature-previous";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    current: String,
    /// With the moment it ends.
    previous: Option<(String, Timestamp)>,
}

impl Secret {
    /// The headers that sign a body.
    #[must_use]
    pub fn signatures(&self, body: &[u8], now: Timestamp) -> Vec<(&'static str, String)> {
        let mut headers = vec![(HEADER, signature(&self.current, body))];
        if let Some(previous) = self.previous(now) {
            headers.push((HEADER_BEFORE, signature(&previous.0, body)));
        }
        headers
    }

    fn previous(&self, now: Timestamp) -> Option<&(String, Timestamp)> {
        self.previous.as_ref().filter(|(_, ends)| now < *ends)
    }

    #[must_use]
    pub fn view(&self, now: Timestamp) -> WebhookSecretView {
        let previous = self.previous(now);
        WebhookSecretView {
            secret: self.current.clone(),
            previous: previous.map(|(secret, _)| secret.clone()),
            previous_ends_at: previous.map(|(_, ends)| *ends),
            object: "webhook_secret",
        }
    }
}

/// Lowercase hex HMAC-SHA256.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        // A key of any length will do.
        return String::new();
    };
    mac.update(body);
    hex(&mac.finalize().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The secret of a project, made where there is none.
///
/// # Errors
/// When the store fails.
pub async fn of(app: &App, project: ProjectId) -> Result<Secret, Refused> {
    if let (Some(secret), _) = kept(app, project).await? {
        return Ok(secret);
    }
    let made = Secret {
        current: drawn()?,
        previous: None,
    };
    match keep(app, project, (&made, 0)).await? {
        true => Ok(made),
        // Another process was first: its secret counts.
        false => Box::pin(of(app, project)).await,
    }
}

/// Draws another; the one before signs as well for a day. `None` where somebody else was faster.
///
/// # Errors
/// When the store fails.
pub async fn change(
    app: &App,
    (project, now): (ProjectId, Timestamp),
) -> Result<Option<Secret>, Refused> {
    let (before, version) = kept(app, project).await?;
    let changed = Secret {
        current: drawn()?,
        previous: before.map(|before| (before.current, now.saturating_add(BOTH_MS))),
    };
    let is_kept = keep(app, project, (&changed, version)).await?;
    Ok(is_kept.then_some(changed))
}

async fn kept(app: &App, project: ProjectId) -> Result<(Option<Secret>, u64), Refused> {
    let record = app.store().get(project, Kind::Setting, WEBHOOK_SECRET);
    match record.await? {
        Some(record) => Ok((Some(read(&record.body)?), record.version)),
        None => Ok((None, 0)),
    }
}

async fn keep(
    app: &App,
    project: ProjectId,
    (secret, version): (&Secret, u64),
) -> Result<bool, Refused> {
    let (kind, id) = (Kind::Setting, WEBHOOK_SECRET);
    let body = write(secret)?;
    let mut command = writes(project, vec![Write::Put { kind, id, body }]);
    command.expects.push(Expect { kind, id, version });
    Ok(app.store().submit(command).await? == Outcome::Applied)
}

/// 256 bits.
fn drawn() -> Result<String, Refused> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Refused::Fault(error.to_string()))?;
    Ok(hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1 and 2.
    #[test]
    fn bodies_are_signed_as_the_standard_says() {
        let first = str::from_utf8(&[0x0b; 20]).unwrap();
        assert_eq!(
            signature(first, b"Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn the_secret_before_signs_until_it_ends() {
        let secret = Secret {
            current: "new".into(),
            previous: Some(("old".into(), 10)),
        };
        let at = |now| secret.signatures(b"{}", now);
        assert_eq!(at(9).len(), 2);
        assert_eq!(at(9)[1], (HEADER_BEFORE, signature("old", b"{}")));
        assert_eq!(at(10), [(HEADER, signature("new", b"{}"))]);
    }
}
