//! Which short-lived tokens stand for which key? A token may do what its key may, within its
//! scopes, for a quarter of an hour; it is kept as a hash, and goes with its key.

use ledger::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Index, Kind, Page, Record, Write};
use wire::voucherify::{Key, TOKEN_SECONDS, TokenState, TokenView};

use crate::{
    api::dialect::refuse,
    app::{App, SYSTEM},
    auth::{self, ApiKey},
    configuration::{read, write},
    problem::Refused,
    setup::{random_text, writes},
    vouchers::key,
};

const PREFIX: &str = "tok_";
/// Tokens of one key that live. Calls at the same moment may pass it together.
const MOST: u64 = 1_000;
/// Tokens that are looked through for some to clear away, whenever one is made.
const CLEARED: u32 = 100;

/// A token as it is kept: never the token itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    hash: [u8; 32],
    /// The key's number and hash: without it the token does nothing.
    key: u64,
    of: [u8; 32],
    pub scopes: Vec<String>,
    issued_at: Timestamp,
    expires_at: Timestamp,
}

/// Whether a secret is a token rather than a key.
#[must_use]
pub fn is_token(secret: &str) -> bool {
    secret.starts_with(PREFIX)
}

/// Makes a token of a key and gives it back: the only time it is seen.
///
/// # Errors
/// When the key has as many as there may be.
pub async fn issue(
    app: &App,
    (of, now): (&ApiKey, Timestamp),
    scopes: Vec<String>,
) -> Result<TokenView, Refused> {
    let (mut changes, live) = cleared(app, (of.id, now)).await?;
    if live >= MOST {
        let details = format!("the key has {MOST} tokens that live: use one of them");
        return Err(refuse(Key::TooManyRequests, details));
    }
    let secret = format!("{PREFIX}{}", random_text()?);
    let token = Token {
        hash: auth::hash(&secret),
        key: of.id,
        of: of.hash,
        scopes,
        issued_at: now,
        expires_at: now.saturating_add(TOKEN_SECONDS * 1_000),
    };
    let id = app.next_id()?;
    let link = |index: Index, key: Vec<u8>| Write::Link { index, key, id };
    changes.push(Write::Put {
        kind: Kind::Token,
        id,
        body: write(&token)?,
    });
    changes.push(link(Index::TokenHash, token.hash.to_vec()));
    changes.push(link(Index::TokensOfKey, key(of.id)));
    app.store().submit(writes(SYSTEM, changes)).await?;
    Ok(TokenView {
        access_token: secret,
        client_id: of.id.to_string(),
        expires_at: token.expires_at / 1_000,
        expires_in: TOKEN_SECONDS,
        scope: token.scopes.join(" "),
        token_type: "bearer",
    })
}

/// What clears away tokens of a key that are over, and how many are left then.
async fn cleared(app: &App, (of, now): (u64, Timestamp)) -> Result<(Vec<Write>, u64), Refused> {
    let page = Page {
        after: 0,
        limit: CLEARED,
        newest_first: false,
    };
    let mut view = app.store().view(SYSTEM)?;
    let of = key(of);
    let oldest = view.find(Index::TokensOfKey, &of, page).await?;
    let mut changes = Vec::new();
    let mut live = view.count(Index::TokensOfKey, &of).await?;
    let records = view.get_many(Kind::Token, &oldest).await?;
    for record in records.into_iter().flatten() {
        let token: Token = read(&record.body)?;
        if token.expires_at <= now {
            changes.extend(removal(&record, &token));
            live = live.saturating_sub(1);
        }
    }
    Ok((changes, live))
}

fn removal(record: &Record, token: &Token) -> [Write; 3] {
    let id = record.id;
    let unlink = |index: Index, key: Vec<u8>| Write::Unlink { index, key, id };
    [
        Write::Delete {
            kind: Kind::Token,
            id,
        },
        unlink(Index::TokenHash, token.hash.to_vec()),
        unlink(Index::TokensOfKey, key(token.key)),
    ]
}

/// The key a token stands for, and what it may do of it; `None` where nobody knows it, it is over,
/// or its key is gone.
///
/// # Errors
/// When the store cannot be read.
pub async fn standing(app: &App, secret: &str) -> Result<Option<(ApiKey, Token)>, Refused> {
    let Some((_, token)) = find(app, secret).await? else {
        return Ok(None);
    };
    let keys = app.keys_with(&token.of).await?;
    Ok(keys.get(&token.of).map(|key| (key.clone(), token)))
}

async fn find(app: &App, secret: &str) -> Result<Option<(Record, Token)>, Refused> {
    let mut view = app.store().view(SYSTEM)?;
    let hash = auth::hash(secret);
    let Some(id) = view.find_one(Index::TokenHash, &hash).await? else {
        return Ok(None);
    };
    let Some(record) = view.get(Kind::Token, id).await? else {
        return Ok(None);
    };
    let token = read(&record.body)?;
    Ok(Some((record, token)))
}

impl Token {
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// What a token is, as a key of its project may know.
///
/// # Errors
/// When the store cannot be read.
pub async fn state(
    app: &App,
    (asking, now): (&ApiKey, Timestamp),
    secret: &str,
) -> Result<TokenState, Refused> {
    let standing = standing(app, secret).await?;
    let live = standing.filter(|(key, token)| key.project == asking.project && !token.is_over(now));
    Ok(
        live.map_or_else(TokenState::default, |(key, token)| TokenState {
            active: true,
            scope: Some(token.scopes.join(" ")),
            client_id: Some(key.id.to_string()),
            token_type: Some("bearer"),
            exp: Some(token.expires_at / 1_000),
            iat: Some(token.issued_at / 1_000),
        }),
    )
}

/// Ends a token of the project of this key: every process refuses it from here on. Whether there
/// was one is not told.
///
/// # Errors
/// When the store fails.
pub async fn revoke(app: &App, asking: &ApiKey, secret: &str) -> Result<(), Refused> {
    let Some((record, token)) = find(app, secret).await? else {
        return Ok(());
    };
    let keys = app.keys_with(&token.of).await?;
    let key = keys.get(&token.of);
    if key.is_some_and(|key| key.project == asking.project) {
        let gone = removal(&record, &token).to_vec();
        app.store().submit(writes(SYSTEM, gone)).await?;
    }
    Ok(())
}

/// What takes away the tokens of a key that goes.
///
/// # Errors
/// When the store cannot be read.
pub async fn removals(app: &App, of: u64) -> Result<Vec<Write>, Refused> {
    let page = Page {
        after: 0,
        limit: u32::try_from(MOST).unwrap_or(u32::MAX),
        newest_first: true,
    };
    let mut view = app.store().view(SYSTEM)?;
    let found = view.find(Index::TokensOfKey, &key(of), page).await?;
    let records = view.get_many(Kind::Token, &found).await?;
    let mut changes = Vec::new();
    for record in records.into_iter().flatten() {
        let token = read(&record.body)?;
        changes.extend(removal(&record, &token));
    }
    Ok(changes)
}
