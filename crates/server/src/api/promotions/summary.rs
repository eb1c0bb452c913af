//! How often was a tier used, and what came of it? What was rolled back does not count.

use ledger::Account;
use offers::{OfferId, chart};
use store::ProjectId;
use wire::voucherify::{TierOrders, TierRedemptions, TierSummary};

use crate::{app::App, problem::Refused};

/// Of each of these tiers, in one question.
///
/// # Errors
/// When the store cannot be read.
pub async fn summaries(
    app: &App,
    project: ProjectId,
    tiers: impl IntoIterator<Item = OfferId>,
) -> Result<Vec<TierSummary>, Refused> {
    let processes = app.processes();
    let parts = 1 + processes.len();
    let ids: Vec<_> = tiers
        .into_iter()
        .flat_map(|tier| chart::tier_accounts(tier, &processes))
        .collect();
    let accounts = app.store().accounts(project, &ids).await?;
    let mut sums = accounts.chunks(parts).map(sum);
    let mut all = Vec::new();
    while let (Some(uses), Some(discount), Some(orders)) = (sums.next(), sums.next(), sums.next()) {
        all.push(TierSummary {
            redemptions: TierRedemptions {
                total_redeemed: uses,
            },
            orders: TierOrders {
                total_amount: orders,
                total_discount_amount: discount,
            },
        });
    }
    Ok(all)
}

/// What all processes counted.
fn sum(parts: &[Option<Account>]) -> u64 {
    let net = |one: &Account| one.credits.posted.saturating_sub(one.debits.posted);
    parts.iter().flatten().map(net).fold(0, u64::saturating_add)
}
