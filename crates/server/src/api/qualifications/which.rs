//! Which redeemables are looked at?

use decision::candidates;
use offers::{OfferId, order_facts};
use store::{Index, Kind, Page};
use wire::{
    ids::{self, Tag},
    voucherify::{CodeCapacity, RedeemableInput, RedeemableKind, Scenario},
};

use crate::{
    api::{campaigns, promotion_stacks::MAX_STACKS, resources::Kept},
    checkout::{Till, tiers_of},
    problem::Refused,
    vouchers::{self, OF_HOLDER, key, under_both},
};

/// Codes of one customer that are looked at.
const MAX_HELD: u32 = 100;
/// Redeemables that are looked at in one call.
pub const MAX_LOOKED_AT: usize = 1_000;

/// Which redeemables are looked at.
pub struct Which {
    pub scenario: Scenario,
    pub reach: Reach,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those whose rules match, by the index over all of them.
    Matching,
    /// All there are, to say why they do not apply.
    All,
}

/// A promotion stack.
pub type Stacked = Kept<wire::voucherify::PromotionStack>;

impl Which {
    /// # Errors
    /// When the store cannot be read.
    pub async fn redeemables(&self, till: &mut Till<'_>) -> Result<Vec<RedeemableInput>, Refused> {
        let mut found = self.held(till).await?;
        if self.scenario != Scenario::CustomerWallet {
            let offers = self.offers(till);
            found.extend(self.without_holder(till, &offers).await?);
        }
        found.truncate(MAX_LOOKED_AT);
        Ok(found)
    }

    fn offers(&self, till: &Till<'_>) -> Vec<OfferId> {
        match self.reach {
            Reach::All => till.compiled.offers.keys().copied().collect(),
            Reach::Matching => {
                let mut facts = till.facts.clone();
                facts.extend(order_facts(&till.order, till.compiled.snapshot.reads()));
                let matching = candidates(&till.compiled.snapshot, &facts);
                matching.into_iter().map(|(offer, _)| offer).collect()
            }
        }
    }

    /// Codes of the customer, under every id they had. A browser is told of none: anybody can
    /// name anybody there.
    async fn held(&self, till: &mut Till<'_>) -> Result<Vec<RedeemableInput>, Refused> {
        if till.is_open_to_all() {
            return Ok(Vec::new());
        }
        let person = till.customer.and_then(|id| till.people.person(id));
        let Some(person) = person else {
            return Ok(Vec::new());
        };
        let mut holders = vec![person.id];
        holders.extend(&person.former);
        let mut held = Vec::new();
        for holder in holders {
            let page = (holder.0, newest(MAX_HELD));
            let found = under_both(till.people.view(), OF_HOLDER, page).await?;
            held.extend(codes(till, &found).await?);
        }
        Ok(held)
    }

    /// Tiers, and the one code of each campaign that has a single one for everybody.
    async fn without_holder(
        &self,
        till: &mut Till<'_>,
        offers: &[OfferId],
    ) -> Result<Vec<RedeemableInput>, Refused> {
        let compiled = till.compiled.clone();
        let mut found = Vec::new();
        for id in offers.iter().take(MAX_LOOKED_AT) {
            let Some(offer) = compiled.offers.get(id) else {
                continue;
            };
            if offer.thing.is_tier {
                let name = ids::format(Tag::Tier, id.0);
                found.push(redeemable(RedeemableKind::PromotionTier, name));
                continue;
            }
            let of = offer.thing.campaign;
            let campaign = compiled.campaigns.get(&of);
            let capacity = campaign.and_then(|one| campaigns::capacity_of(one));
            if capacity == Some(CodeCapacity::Standalone) {
                // Not one that was granted: such a code is for one customer alone.
                let index = Index::VouchersOfCampaign;
                let view = till.people.view();
                let single = view.find(index, &key(of.0), newest(1)).await?;
                found.extend(codes(till, &single).await?);
            }
        }
        Ok(found)
    }
}

fn redeemable(object: RedeemableKind, id: String) -> RedeemableInput {
    RedeemableInput {
        object,
        id,
        gift: None,
        reward: None,
    }
}

fn newest(limit: u32) -> Page {
    Page {
        after: 0,
        limit,
        newest_first: true,
    }
}

async fn codes(till: &mut Till<'_>, ids: &[u64]) -> Result<Vec<RedeemableInput>, Refused> {
    let view = till.people.view();
    let records = view.get_many(Kind::Voucher, ids).await?;
    let mut codes = Vec::new();
    for record in records.into_iter().flatten() {
        let code = vouchers::read(&record.body)?.thing.voucher.code.to_string();
        codes.push(redeemable(RedeemableKind::Voucher, code));
    }
    Ok(codes)
}

/// The stacks that are looked at, newest first, and the tiers that they name, each once.
///
/// # Errors
/// When the store cannot be read.
pub async fn stacks(till: &mut Till<'_>) -> Result<(Vec<Stacked>, Vec<RedeemableInput>), Refused> {
    let page = newest(MAX_STACKS);
    let records = till.people.view().list(Kind::PromotionStack, page).await?;
    let (mut stacks, mut tiers) = (Vec::new(), Vec::<RedeemableInput>::new());
    let mut count = 0;
    for record in &records {
        let stack: Stacked = Kept::of(record)?;
        let named = tiers_of(&stack);
        count += named.len();
        if count > MAX_LOOKED_AT {
            break;
        }
        for tier in named {
            if !tiers.contains(&tier) {
                tiers.push(tier);
            }
        }
        stacks.push(stack);
    }
    Ok((stacks, tiers))
}
