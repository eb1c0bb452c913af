//! Who holds a code, as what, and what is written for it?

use ledger::Timestamp;
use offers::{CampaignId, VoucherId};
use profiles::CustomerId;
use serde::{Deserialize, Serialize};
use store::{Expect, Index, Kind, Page, View, Write};
use wire::{
    ids::{self, Tag},
    voucherify::{CampaignType, HolderRole, HolderView, VoucherType},
};

use crate::{
    compact::Compact,
    people::Person,
    problem::Refused,
    versioned::{self, Versioned},
    vouchers::{Issued, key},
};

/// One customer's part in one code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    pub id: u64,
    pub customer: u64,
    pub voucher: VoucherId,
    pub role: HolderRole,
    /// `None` where the code stands alone.
    pub campaign: Option<CampaignId>,
    pub campaign_type: Option<CampaignType>,
    pub voucher_type: VoucherType,
    pub metadata: Compact,
    pub created_at: Timestamp,
    /// Of a referee: when the referral became one that counts.
    pub converted_at: Option<Timestamp>,
}

impl Versioned for Holder {
    const NAME: &'static str = "holder";
}

impl Holder {
    /// Somebody who takes part in a code from now on.
    #[must_use]
    pub fn new(
        id: u64,
        (customer, role): (u64, HolderRole),
        (issued, campaign_type): (&Issued, Option<CampaignType>),
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            customer,
            voucher: issued.voucher.id,
            role,
            campaign: issued.own.is_none().then_some(issued.campaign),
            campaign_type,
            voucher_type: issued.kind(),
            metadata: Compact::default(),
            created_at: now,
            converted_at: None,
        }
    }

    /// What writes it down as it is now.
    ///
    /// # Errors
    /// Never for what is stored here; a fault if it happens.
    pub fn put(&self) -> Result<Write, Refused> {
        Ok(Write::Put {
            kind: Kind::Holder,
            id: self.id,
            body: versioned::write(self)?,
        })
    }

    /// What writes a new one down, and makes it found. A referee is one in a campaign only once.
    ///
    /// # Errors
    /// As [`Holder::put`].
    pub fn writes(&self) -> Result<Vec<Write>, Refused> {
        let link = |(index, key): (Index, Vec<u8>)| Write::Link {
            index,
            key,
            id: self.id,
        };
        let links = self.links().into_iter().map(link);
        Ok([self.put()?].into_iter().chain(links).collect())
    }

    /// What removes it.
    #[must_use]
    pub fn removal(&self) -> Vec<Write> {
        let (kind, id) = (Kind::Holder, self.id);
        let links = self.links().into_iter();
        let unlinks = links.map(|(index, key)| Write::Unlink { index, key, id });
        [Write::Delete { kind, id }]
            .into_iter()
            .chain(unlinks)
            .collect()
    }

    fn links(&self) -> Vec<(Index, Vec<u8>)> {
        let mut links = vec![
            (Index::HoldersOfVoucher, key(self.voucher.0)),
            (Index::HoldersOfCustomer, key(self.customer)),
        ];
        if let (HolderRole::Referee, Some(campaign)) = (self.role, self.campaign) {
            let joined = joined_key(campaign, self.customer);
            links.push((Index::HolderOfCampaign, joined));
            links.push((Index::RefereesOfCampaign, key(campaign.0)));
        }
        links
    }

    /// # Errors
    /// When what is kept cannot be read.
    pub fn view(&self) -> Result<HolderView, Refused> {
        let metadata: Option<_> = self.metadata.read()?;
        Ok(HolderView {
            id: ids::format(Tag::Holder, self.id),
            created_at: self.created_at,
            redeemable_id: ids::format(Tag::Voucher, self.voucher.0),
            redeemable_object: "voucher",
            customer_id: ids::format(Tag::Customer, self.customer),
            holder_role: self.role,
            campaign_id: self.campaign.map(|id| ids::format(Tag::Campaign, id.0)),
            campaign_type: self.campaign_type,
            voucher_type: self.voucher_type,
            metadata: metadata.unwrap_or_default(),
            object: "redeemable_holder",
        })
    }
}

fn joined_key(campaign: CampaignId, customer: u64) -> Vec<u8> {
    [key(campaign.0), key(customer)].concat()
}

/// As whom a customer was referred in a campaign, and the version of the record.
///
/// # Errors
/// When the store cannot be read.
pub async fn referee(
    view: &mut View,
    campaign: CampaignId,
    person: &Person,
) -> Result<Option<(Holder, u64)>, Refused> {
    for number in numbers(person) {
        let key = joined_key(campaign, number.0);
        let found = view.find_one(Index::HolderOfCampaign, &key).await?;
        let Some(id) = found else { continue };
        if let Some(record) = view.get(Kind::Holder, id).await? {
            return Ok(Some((versioned::read(&record.body)?, record.version)));
        }
    }
    Ok(None)
}

/// All holders found under a key, newest first or oldest first as the page says.
///
/// # Errors
/// When the store cannot be read.
pub async fn under(
    view: &mut View,
    (index, of): (Index, u64),
    page: Page,
) -> Result<Vec<Holder>, Refused> {
    let found = view.find(index, &key(of), page).await?;
    let records = view.get_many(Kind::Holder, &found).await?;
    let read = records.iter().flatten();
    read.map(|record| versioned::read(&record.body)).collect()
}

/// All numbers a customer has or had.
pub fn numbers(person: &Person) -> impl Iterator<Item = CustomerId> + use<> {
    let former = person.former.clone().into_iter();
    former.chain([person.id])
}

/// That a record is still as it was read; 0: that there is none.
#[must_use]
pub fn expect(id: u64, version: u64) -> Expect {
    Expect {
        kind: Kind::Holder,
        id,
        version,
    }
}
