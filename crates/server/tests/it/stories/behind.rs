//! What no endpoint tells: balances, read from the books of the server itself.

use ledger::{Account, AccountId};
use offers::{
    CampaignId, CapUnit, Reach, VoucherId,
    chart::{self, Occasion, counters},
};
use server::{app::App, setup::SANDBOX};

/// The books of a shop in its sandbox.
pub struct Books<'a>(pub &'a App);

impl Books<'_> {
    async fn account(&self, id: AccountId) -> Option<Account> {
        self.0.store().account(SANDBOX, id).await.unwrap()
    }

    async fn balance(&self, id: AccountId) -> u64 {
        let account = self.account(id).await;
        account.map_or(0, |one| {
            one.credits.posted.saturating_sub(one.debits.posted)
        })
    }

    /// What is held of a campaign's budget.
    pub async fn held(&self, campaign: u64) -> u64 {
        let account = self.account(chart::budget(CampaignId(campaign))).await;
        account.map_or(0, |account| account.debits.pending)
    }

    /// What is left of its budget in all, or of a cap of each customer.
    pub async fn left(
        &self,
        campaign: u64,
        (reach, unit): (Reach, CapUnit),
        occasion: &Occasion,
    ) -> Option<u64> {
        let compiled = self.0.compiled(SANDBOX).await.unwrap();
        let campaign = compiled.campaigns.get(&CampaignId(campaign))?;
        let mut least = None;
        for counter in counters(&campaign.thing, None, occasion) {
            if (counter.cap.reach, counter.cap.unit) == (reach, unit) {
                let account = self.account(counter.account.id).await;
                let left = counter.left(account.as_ref());
                least = Some(least.map_or(left, |least: u64| least.min(left)));
            }
        }
        least
    }

    /// Spent, held, left and lapsed of a gift card.
    pub async fn card(&self, (campaign, voucher): (u64, u64)) -> [u64; 4] {
        let (campaign, voucher) = (CampaignId(campaign), VoucherId(voucher));
        let account = self.account(chart::gift_balance(voucher)).await;
        [
            self.balance(chart::gift_spent(campaign, voucher)).await,
            account.map_or(0, |account| account.debits.pending),
            account.and_then(|account| account.available()).unwrap_or(0),
            self.balance(chart::gift_breakage(campaign, voucher)).await,
        ]
    }
}
