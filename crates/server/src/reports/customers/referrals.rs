//! Whom did their codes refer, and who referred them?

use offers::Timestamp;
use wire::{
    ids::{self, Tag},
    voucherify::{CustomerReferral, HolderRole},
};

use super::*;
use crate::{holding::Holder, versioned, vouchers};

/// Whose each code is that refers, and of which campaign it is.
type Codes = BTreeMap<u64, (u64, Option<CampaignId>)>;

/// A referral that counts, and since when, beside the number that was referred.
type Joined = (u64, Holder, Timestamp);

pub(super) async fn add(view: &mut View, group: &mut Group<'_>) -> Result<(), Refused> {
    let mut codes = Codes::new();
    let mut parts = Walk::new(Index::HoldersOfCustomer, group.numbers());
    while let Some(found) = parts.next(view).await? {
        let mut joined: Vec<Joined> = Vec::new();
        for (number, record) in records(view, (Kind::Holder, &found)).await? {
            let holder: Holder = versioned::read(&record.body)?;
            match (holder.role, holder.converted_at) {
                (HolderRole::Referrer, _) => {
                    codes.insert(holder.voucher.0, (number, holder.campaign));
                }
                (HolderRole::Referee, Some(at)) => joined.push((number, holder, at)),
                (HolderRole::Referee, None) | (HolderRole::Owner, _) => {}
            }
        }
        add_joined(view, group, &joined).await?;
    }
    for one in group.came_to.values_mut() {
        one.referrals
            .campaigns
            .sort_by_key(|referral| referral.date);
    }
    add_referred(view, group, &codes).await
}

async fn add_joined(
    view: &mut View,
    group: &mut Group<'_>,
    joined: &[Joined],
) -> Result<(), Refused> {
    let referrers = referrers(view, joined).await?;
    for (number, holder, at) in joined {
        let told = referrers.get(&holder.voucher).zip(holder.campaign);
        let related = group.related(*number, holder.voucher);
        let Some(one) = group.get_mut(*number) else {
            continue;
        };
        one.referrals.total += 1;
        let told = told.map(|(referrer, campaign)| CustomerReferral {
            campaign_id: ids::format(Tag::Campaign, campaign.0),
            referrer_id: ids::format(Tag::Customer, *referrer),
            related_object_id: related.0,
            related_object_type: related.1,
            date: *at,
        });
        one.referrals.campaigns.extend(told);
    }
    Ok(())
}

/// By each code, whose it is, unless they were erased.
async fn referrers(
    view: &mut View,
    joined: &[Joined],
) -> Result<BTreeMap<VoucherId, u64>, Refused> {
    let codes: Vec<u64> = joined
        .iter()
        .map(|(_, holder, _)| holder.voucher.0)
        .collect();
    let mut whose = BTreeMap::new();
    for record in view.get_many(Kind::Voucher, &codes).await?.iter().flatten() {
        let issued = vouchers::read(&record.body)?.thing;
        whose.extend(issued.holder().map(|holder| (issued.voucher.id, holder)));
    }
    let numbers: Vec<u64> = whose.values().copied().collect();
    let known = view.get_many(Kind::Customer, &numbers).await?;
    let known: Vec<u64> = known.iter().flatten().map(|record| record.id).collect();
    whose.retain(|_, number| known.contains(number));
    Ok(whose)
}

/// Each code of theirs is told of, also where nobody joined by it.
async fn add_referred(
    view: &mut View,
    group: &mut Group<'_>,
    codes: &Codes,
) -> Result<(), Refused> {
    for (number, campaign) in codes.values() {
        campaign.and_then(|campaign| group.within(*number, campaign));
    }
    let mut parts = Walk::new(Index::HoldersOfVoucher, codes.keys().copied().collect());
    while let Some(found) = parts.next(view).await? {
        for (code, record) in records(view, (Kind::Holder, &found)).await? {
            let holder: Holder = versioned::read(&record.body)?;
            let counts = holder.role == HolderRole::Referee && holder.converted_at.is_some();
            if let Some((number, campaign)) = codes.get(&code).filter(|_| counts) {
                group.add_referral(*number, *campaign);
            }
        }
    }
    Ok(())
}

impl Group<'_> {
    /// What a referral is by, and what that is.
    fn related(&self, number: u64, code: VoucherId) -> (String, &'static str) {
        let customer = self.known_as.get(&number);
        let first = customer.and_then(|customer| self.came_by.get(&(*customer, code)));
        match first {
            Some(first) => (ids::format(Tag::Redemption, *first), "redemption"),
            None => (ids::format(Tag::Voucher, code.0), "voucher"),
        }
    }

    fn add_referral(&mut self, number: u64, campaign: Option<CampaignId>) {
        if let Some(one) = self.get_mut(number) {
            one.loyalty.referred_customers += 1;
        }
        let within = campaign.and_then(|campaign| self.within(number, campaign));
        if let Some(within) = within {
            within.referred_customers += 1;
        }
    }
}
