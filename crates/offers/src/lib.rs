//! What is it worth? Campaigns, vouchers, benefits, stacking, price, and the transfers that a
//! happening is.
//!
//! Knows nothing of profiles, policies, experiments, protocols or storage.

mod campaign;
mod order;
mod refusal;

pub use campaign::{
    Benefit, Campaign, CampaignId, Cap, CapUnit, Commitment, Offer, OfferId, Period, Ppm, Reach,
    Scope, Spread, Stacking, Validity, Voucher, VoucherId, VoucherKind,
};
pub use order::{Line, Order, Sku};
pub use refusal::Refusal;

pub use ledger::{Currency, Minor, Timestamp};
