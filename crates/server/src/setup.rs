//! What does a fresh folder get? A secret, a live and a sandbox project, and keys that are shown
//! once.

use ledger::Timestamp;
use store::{Command, Expect, Kind, Outcome, ProjectId, Store, Write};

use crate::{
    app::{App, SYSTEM, renumbered, to_the_end},
    auth::{self, ApiKey, Scope},
    clock,
    configuration::write,
    problem::Refused,
    setting::SECRET,
    tokens,
};

pub const LIVE: ProjectId = ProjectId(1);
pub const SANDBOX: ProjectId = ProjectId(2);

/// Crockford's alphabet in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 32 symbols of 5 bits: 160 bits.
const KEY_SYMBOLS: usize = 32;

/// A command that touches no account: it brings no time by which holds could end. Whoever adds a
/// chain or a key to it says by the project's own clock when that is.
#[must_use]
pub fn writes(project: ProjectId, writes: Vec<Write>) -> Command {
    Command {
        project,
        now: Timestamp::MIN,
        once: None,
        expects: Vec::new(),
        openings: Vec::new(),
        chain: Vec::new(),
        writes,
    }
}

/// The secret of this installation, made at the first start.
///
/// # Errors
/// When the store fails.
pub async fn secret(store: &Store) -> Result<[u8; 32], Refused> {
    if let Some(record) = store.get(SYSTEM, Kind::Setting, SECRET).await? {
        let bytes: Result<[u8; 32], _> = record.body.as_slice().try_into();
        return bytes.map_err(|_| Refused::Fault("the secret is not 32 bytes long".into()));
    }
    let mut bytes = [0; 32];
    fill(&mut bytes)?;
    let put = Write::Put {
        kind: Kind::Setting,
        id: SECRET,
        body: bytes.to_vec(),
    };
    let mut command = writes(SYSTEM, vec![put]);
    command.expects.push(Expect {
        kind: Kind::Setting,
        id: SECRET,
        version: 0,
    });
    match store.submit(command).await? {
        Outcome::Applied => Ok(bytes),
        // Another process was first: its secret counts.
        _ => Box::pin(secret(store)).await,
    }
}

/// Makes a key and gives it back: the only time it is seen.
///
/// # Errors
/// When the store fails.
pub async fn new_key(
    app: &App,
    project: ProjectId,
    name: &str,
    scopes: &[Scope],
) -> Result<String, Refused> {
    make_key(app, project, (name, "sk"), Some(scopes)).await
}

/// Makes a key for browsers, which anybody may see.
///
/// # Errors
/// When the store fails.
pub async fn new_public_key(app: &App, project: ProjectId, name: &str) -> Result<String, Refused> {
    make_key(app, project, (name, "pk"), None).await
}

/// Without scopes it is a public one.
async fn make_key(
    app: &App,
    project: ProjectId,
    (name, prefix): (&str, &str),
    scopes: Option<&[Scope]>,
) -> Result<String, Refused> {
    let sandbox = project == SANDBOX;
    let random = random_text()?;
    let secret = format!(
        "{prefix}_{}_{random}",
        if sandbox { "test" } else { "live" }
    );
    let key = ApiKey {
        id: app.next_id()?,
        project: project.0,
        sandbox,
        name: name.to_owned(),
        hash: auth::hash(&secret),
        scopes: scopes.unwrap_or_default().to_vec(),
        is_public: scopes.is_none(),
        created_at: clock::wall(),
    };
    let put = Write::Put {
        kind: Kind::ApiKey,
        id: key.id,
        body: write(&key)?,
    };
    let app = app.clone();
    to_the_end(async move {
        let command = writes(SYSTEM, vec![put, renumbered()]);
        app.store().submit(command).await?;
        app.refresh_keys().await
    })
    .await?;
    Ok(secret)
}

/// Takes a key away: here it is refused at once, by other processes when they look next. `false`
/// where there is none of this number.
///
/// # Errors
/// When the store fails.
pub async fn revoke_key(app: &App, id: u64) -> Result<bool, Refused> {
    if app.store().get(SYSTEM, Kind::ApiKey, id).await?.is_none() {
        return Ok(false);
    }
    let kind = Kind::ApiKey;
    let mut gone = tokens::removals(app, id).await?;
    gone.extend([Write::Delete { kind, id }, renumbered()]);
    let app = app.clone();
    to_the_end(async move {
        let command = writes(SYSTEM, gone);
        app.store().submit(command).await?;
        app.refresh_keys().await
    })
    .await?;
    Ok(true)
}

/// 160 bits of chance, in letters and digits.
///
/// # Errors
/// When the system has no chance to give.
pub fn random_text() -> Result<String, Refused> {
    let mut bytes = [0; KEY_SYMBOLS];
    fill(&mut bytes)?;
    let symbol = |byte: &u8| {
        char::from(
            ALPHABET
                .get(usize::from(byte % 32))
                .copied()
                .unwrap_or(b'0'),
        )
    };
    Ok(bytes.iter().map(symbol).collect())
}

fn fill(bytes: &mut [u8]) -> Result<(), Refused> {
    getrandom::fill(bytes).map_err(|error| Refused::Fault(error.to_string()))
}
