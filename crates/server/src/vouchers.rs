//! How is a voucher kept?

use offers::{Campaign, CampaignId, Offer, Voucher, VoucherKind};
use serde::{Deserialize, Serialize};
use store::{Index, Kind, Write};

use crate::{
    configuration::{Stored, write},
    jobs,
    problem::Refused,
};

/// A voucher with what it stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issued {
    pub voucher: Voucher,
    /// The campaign whose offer it carries; its own where it stands alone.
    pub campaign: CampaignId,
    /// The campaign and offer of a voucher that belongs to none.
    pub own: Option<Box<(Campaign, Offer)>>,
    /// The decision that granted it.
    pub decision: Option<u64>,
}

/// What a new voucher writes: itself, its code (which nobody else may have), and where it is found.
///
/// # Errors
/// A fault if it cannot be written down.
pub fn issue(issued: &Stored<Issued>) -> Result<Vec<Write>, Refused> {
    let voucher = &issued.thing.voucher;
    let id = voucher.id.0;
    let link = |index: Index, key: Vec<u8>| Write::Link { index, key, id };
    let mut writes = vec![
        Write::Put {
            kind: Kind::Voucher,
            id,
            body: write(issued)?,
        },
        link(Index::VoucherCode, voucher.code.as_bytes().to_vec()),
        link(Index::VouchersOfCampaign, key(issued.thing.campaign.0)),
    ];
    writes.extend(
        voucher
            .holder
            .map(|holder| link(Index::VouchersOfCustomer, key(holder))),
    );
    let is_gift = matches!(voucher.kind, VoucherKind::GiftCard { .. });
    let lapses = voucher.validity.until.filter(|_| is_gift);
    writes.extend(lapses.map(|until| jobs::lapsing(until, id)));
    Ok(writes)
}

/// An id as a key of an index.
#[must_use]
pub fn key(id: u64) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}
