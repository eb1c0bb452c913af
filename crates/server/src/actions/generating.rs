//! How are very many codes made?
//!
//! Each stretch draws the codes of one share of all that look so ([`offers::codes::Space`]): what
//! it writes stands together on few pages, also where the index of codes is large. Which share it
//! is follows from how far the action came.

use std::collections::HashSet;

use offers::{
    Campaign, OfferId,
    codes::{Share, Space},
};
use serde::{Deserialize, Serialize};
use store::{Expect, Index, Kind, Write};
use wire::voucherify::{CampaignVouchersCreate, Event};

use super::{STRETCH, Stretch};
use crate::{
    api::{
        campaigns,
        dialect::not_found,
        resources::At,
        vouchers::{self, Alike, New},
    },
    configuration::{Stored, read},
    problem::Refused,
    setup::writes,
    webhooks,
};

/// Codes to be made for a campaign.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Generating {
    pub campaign: u64,
    pub offer: u64,
    pub count: u64,
    /// What overrules the campaign.
    pub sent: CampaignVouchersCreate,
}

/// The codes that come after those that are done.
///
/// # Errors
/// When the campaign is gone, or hardly any codes are left.
pub(super) async fn stretch(
    at: At<'_>,
    (of, done): (&Generating, u64),
    attempt: u32,
) -> Result<Stretch, Refused> {
    let record = at.app.store().get(at.project, Kind::Campaign, of.campaign);
    let record = record.await?.ok_or_else(|| not_found("campaign", ""))?;
    let campaign: Stored<Campaign> = read(&record.body)?;
    let config = campaigns::voucher_config(&campaign)?;
    let space = vouchers::space_of(vouchers::config_of(&config, &of.sent))?;
    let until = of.count.min(done + u64::from(STRETCH));
    let share = Share {
        from: done,
        until,
        of: of.count,
    };
    let count = usize::try_from(until - done).unwrap_or(0);
    let mut codes = vouchers::drawn(&space, (share, count), &HashSet::new())?;
    if attempt > 0 {
        codes = free(at, (&space, share), codes).await?;
    }
    let new = New {
        campaign: &campaign.thing,
        offer: OfferId(of.offer),
        now: at.now,
        refers: config.is_referral_code == Some(true),
    };
    let alike = Alike::of(&config, &of.sent)?;
    let mut command = writes(at.project, Vec::with_capacity(4 * count));
    command.now = at.now;
    // Whoever removes the campaign at this moment finds all of its codes, or none of these is made.
    command.expects.push(Expect {
        kind: Kind::Campaign,
        id: of.campaign,
        version: record.version,
    });
    for code in &codes {
        let made = alike.made(at.app, (&new, code))?;
        command.writes.extend(made.writes);
        command.openings.extend(made.booking.openings);
        command.chain.extend(made.booking.chain);
    }
    let is_last = until >= of.count;
    if is_last {
        command.writes.extend(
            told(
                at,
                (&campaign.thing, of),
                &[Event::CodesAdded, Event::CodesMade],
            )
            .await?,
        );
    }
    Ok(Stretch {
        is_last,
        ..Stretch::new(command, until - done)
    })
}

/// What tells that the codes are there, or will not be.
pub(super) async fn told(
    at: At<'_>,
    (campaign, of): (&Campaign, &Generating),
    events: &[Event],
) -> Result<Vec<Write>, Refused> {
    let shown = campaigns::added((campaign, of.count));
    let mut writes = Vec::new();
    for event in events {
        writes.extend(webhooks::tell(at, *event, &shown).await?);
    }
    Ok(writes)
}

/// What tells that there will be no more of the codes.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn failed(at: At<'_>, of: &Generating) -> Result<Vec<Write>, Refused> {
    let record = at.app.store().get(at.project, Kind::Campaign, of.campaign);
    match record.await? {
        Some(record) => {
            let campaign: Stored<Campaign> = read(&record.body)?;
            told(at, (&campaign.thing, of), &[Event::CodesFailed]).await
        }
        None => Ok(Vec::new()),
    }
}

/// As many codes of the share that nobody has.
async fn free(
    at: At<'_>,
    (space, share): (&Space, Share),
    mut codes: HashSet<String>,
) -> Result<HashSet<String>, Refused> {
    let count = codes.len();
    let mut taken: HashSet<String> = HashSet::new();
    let mut view = at.app.store().view(at.project)?;
    loop {
        let drawn: Vec<String> = codes.iter().cloned().collect();
        let keys: Vec<&[u8]> = drawn.iter().map(String::as_bytes).collect();
        let holders = view.find_each(Index::VoucherCode, &keys).await?;
        let held = drawn.iter().zip(holders).filter(|(_, id)| id.is_some());
        let held: Vec<&String> = held.map(|(code, _)| code).collect();
        if held.is_empty() {
            return Ok(codes);
        }
        for code in held {
            codes.remove(code);
            taken.insert(code.clone());
        }
        let missing = count - codes.len();
        let not: HashSet<String> = taken.union(&codes).cloned().collect();
        codes.extend(vouchers::drawn(space, (share, missing), &not)?);
    }
}
