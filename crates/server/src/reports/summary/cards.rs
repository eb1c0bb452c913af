//! What moved on the cards of a campaign, and which codes are gone?

use offers::VoucherId;

use super::*;
use crate::{moves, vouchers::Removed};

/// Points on all cards of a programme, those that are gone included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// What cards began with.
    pub created: Minor,
    pub added: Minor,
    pub subtracted: Minor,
    pub rewarded: Minor,
    pub redeemed: Minor,
    pub back: Minor,
    pub expired: Minor,
}

impl Points {
    /// Adds what moved on one card. It takes as long as much moved.
    pub(super) async fn add(
        &mut self,
        view: &mut View,
        ((project, card), kind, created_at): ((ProjectId, VoucherId), VoucherKind, Timestamp),
        range: Range,
    ) -> Result<(), Refused> {
        let VoucherKind::LoyaltyCard { points } = kind else {
            return Ok(());
        };
        let mut added: Minor = 0;
        for line in moves::lines_of(view, (project, card, kind)).await? {
            if !range.holds(line.at) {
                continue;
            }
            let sum = match line.kind() {
                "POINTS_ACCRUAL" => &mut self.rewarded,
                "POINTS_REDEMPTION" => &mut self.redeemed,
                "POINTS_REFUND" => &mut self.back,
                "POINTS_EXPIRATION" => &mut self.expired,
                "POINTS_REMOVAL" => &mut self.subtracted,
                _ => &mut added,
            };
            *sum = sum.saturating_add(line.amount());
        }
        let first = if range.holds(created_at) { points } else { 0 };
        self.created = self.created.saturating_add(first);
        self.added = self.added.saturating_add(added.saturating_sub(first));
        Ok(())
    }
}

/// Codes that are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    pub count: u64,
    /// What was left on them.
    pub left: Minor,
}

/// All codes of a campaign that are gone, stretch by stretch.
pub(super) async fn gone(
    view: &mut View,
    campaign: CampaignId,
    after: &mut u64,
) -> Result<Vec<(VoucherId, Removed)>, Refused> {
    let ids = next(view, (Index::RemovedOfCampaign, campaign), *after).await?;
    *after = ids.last().copied().unwrap_or(*after);
    let records = view.get_many(Kind::Removed, &ids).await?;
    let read = records.iter().flatten();
    read.map(|record| Ok((VoucherId(record.id), versioned::read(&record.body)?)))
        .collect()
}
