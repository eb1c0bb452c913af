//! What is kept of a code given to a customer, or of the failure to give one?

use ledger::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Expect, Index, Kind, Write};
use wire::{
    ids::{self, Tag},
    voucherify::{CampaignCreate, Event, HolderRole, VoucherType},
};

use crate::{
    api::{At, dialect::malformed},
    compact::Compact,
    configuration::{Compiled, Stored},
    holding::Holder,
    problem::Refused,
    versioned::{self, Versioned},
    vouchers::{self, Issued, key},
    webhooks,
};

/// Codes given to a customer, or the failure to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Publication {
    pub id: u64,
    pub customer: Option<u64>,
    /// The campaign's number and name; `None` where the code stands alone or is not known.
    pub campaign: Option<(u64, String)>,
    /// The numbers and the codes of what was given.
    pub vouchers: Vec<(u64, String)>,
    pub voucher_type: Option<VoucherType>,
    pub refers: bool,
    pub source_id: Option<String>,
    pub channel: String,
    pub metadata: Compact,
    pub created_at: Timestamp,
    /// The key of the refusal, and its words.
    pub failure: Option<(String, String)>,
}

impl Versioned for Publication {
    const NAME: &'static str = "publication";
}

impl Publication {
    /// What writes a new one down, and makes it found.
    ///
    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn writes(&self) -> Result<Vec<Write>, Refused> {
        let id = self.id;
        let link = |index: Index, key: Vec<u8>| Write::Link { index, key, id };
        let mut writes = vec![Write::Put {
            kind: Kind::Publication,
            id,
            body: versioned::write(self)?,
        }];
        let customer = self.customer.map(key);
        writes.extend(customer.map(|key| link(Index::PublicationsOfCustomer, key)));
        let of_campaign = match self.failure {
            None => Index::PublicationsOfCampaign,
            Some(_) => Index::FailedPublicationsOfCampaign,
        };
        let campaign = self.campaign.as_ref().map(|(campaign, _)| key(*campaign));
        writes.extend(campaign.map(|key| link(of_campaign, key)));
        let vouchers = self.vouchers.iter();
        writes.extend(vouchers.map(|(id, _)| link(Index::PublicationsOfVoucher, key(*id))));
        // A failure may be tried again under the same name.
        let source = self.source_id.as_deref().filter(|_| self.failure.is_none());
        let source = source.map(|source| source.as_bytes().to_vec());
        writes.extend(source.map(|key| link(Index::PublicationSource, key)));
        Ok(writes)
    }
}

/// What giving a code writes, and what must still be so for it.
#[derive(Default)]
pub struct Handed {
    pub expects: Vec<Expect>,
    pub writes: Vec<Write>,
}

/// Gives a code, of this version, to a customer; `of` is what its campaign says, and `compiled`
/// what is in force.
///
/// # Errors
/// When the campaign's words do not fit any more.
pub fn hand_over(
    at: At<'_>,
    (stored, version): (&mut Stored<Issued>, u64),
    (to, of, compiled): (u64, Option<&CampaignCreate>, &Compiled),
) -> Result<Handed, Refused> {
    let zone = &compiled.settings.zone;
    let life = of.map_or(Ok(None), CampaignCreate::life_of_published);
    let life = life.map_err(|wrong| malformed(&wrong))?;
    let until = life.map(|life| life.end(at.now, zone).unwrap_or(Timestamp::MAX));
    stored.thing.keep_edition(compiled);
    stored.thing.give(to, (at.now, until));
    let mut handed = Handed::default();
    if version == 0 {
        handed.writes.extend(vouchers::issue(stored)?);
    } else {
        stored.updated_at = Some(at.now);
        handed.writes.extend(vouchers::given(stored)?);
        handed.expects.push(Expect {
            kind: Kind::Voucher,
            id: stored.thing.voucher.id.0,
            version,
        });
    }
    let role = match stored.thing.refers {
        true => HolderRole::Referrer,
        false => HolderRole::Owner,
    };
    let kind = of.and_then(|campaign| campaign.campaign_type);
    let holder = Holder::new(at.app.next_id()?, (to, role), (&stored.thing, kind), at.now);
    handed.writes.extend(holder.writes()?);
    let told = given(stored, (to, of));
    let told = webhooks::told(at, compiled, (Event::VoucherPublished, &told));
    handed.writes.extend(told?);
    Ok(handed)
}

/// What is told of a code that was given to somebody.
fn given(stored: &Stored<Issued>, (to, of): (u64, Option<&CampaignCreate>)) -> serde_json::Value {
    let voucher = &stored.thing.voucher;
    serde_json::json!({
        "id": ids::format(Tag::Voucher, voucher.id.0),
        "code": voucher.code,
        "type": stored.thing.kind(),
        "campaign": of.and_then(|campaign| campaign.name.as_ref()),
        "holder_id": ids::format(Tag::Customer, to),
        "object": "voucher"
    })
}
