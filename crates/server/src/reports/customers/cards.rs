//! What is left on the cards that they hold, and in which tier are they?

use ledger::{Account, AccountId, Minor};
use offers::{PointsCard, chart, tier_of};
use wire::voucherify::LoyaltyTier;

use super::*;
use crate::{
    configuration::{Stored, read},
    loyalty,
    vouchers::{self, Issued},
};

/// What is on the fullest card that a customer has of a programme.
type Fullest = BTreeMap<(CustomerId, CampaignId), Minor>;

/// A decision grants discounts alone: no card stands among the grants.
pub(super) async fn add(view: &mut View, group: &mut Group<'_>) -> Result<(), Refused> {
    let mut fullest = Fullest::new();
    let mut held = Walk::new(Index::VouchersOfCustomer, group.numbers());
    while let Some(found) = held.next(view).await? {
        let (mut gifts, mut cards) = (Vec::new(), Vec::new());
        for (number, record) in records(view, (Kind::Voucher, &found)).await? {
            let issued = vouchers::read(&record.body)?.thing;
            let gift = group.is_gift_in_our_currency(&issued);
            gifts.extend(gift.then(|| (number, chart::gift_balance(issued.voucher.id))));
            cards.extend(issued.card().map(|card| (number, card)));
        }
        add_gifts(view, group, &gifts).await?;
        for card in cards {
            add_points(view, group, (card, &mut fullest)).await?;
        }
    }
    add_tiers(view, group, &fullest).await
}

impl Group<'_> {
    /// Whether it is a gift card in the project's currency. Where its campaign is gone, it is worth
    /// nothing any more.
    fn is_gift_in_our_currency(&self, issued: &Issued) -> bool {
        let own = issued.own.as_ref().map(|own| &own.0);
        let campaign = own.or(self.campaign(issued.campaign));
        issued.voucher.is_gift_card()
            && campaign.is_some_and(|campaign| campaign.currency == self.currency())
    }
}

async fn add_gifts(
    view: &mut View,
    group: &mut Group<'_>,
    gifts: &[(u64, AccountId)],
) -> Result<(), Refused> {
    let accounts: Vec<AccountId> = gifts.iter().map(|(_, account)| *account).collect();
    let found = view.accounts(&accounts).await?;
    for ((number, _), account) in gifts.iter().zip(found) {
        let left = account.as_ref().and_then(Account::available).unwrap_or(0);
        if let Some(one) = group.get_mut(*number) {
            let gift = &mut one.summary.redemptions.gift;
            gift.amount_to_go = gift.amount_to_go.saturating_add(left);
        }
    }
    Ok(())
}

async fn add_points(
    view: &mut View,
    group: &mut Group<'_>,
    ((number, card), fullest): ((u64, PointsCard), &mut Fullest),
) -> Result<(), Refused> {
    let (project, today) = (group.at.project, group.compiled.day(group.at.now));
    let Some(within) = group.within(number, card.programme) else {
        return Ok(());
    };
    let left = loyalty::left_on(view, (project, card.card, today)).await?;
    within.points = within.points.saturating_add(left);
    if let Some(customer) = group.known_as.get(&number) {
        let most = fullest.entry((*customer, card.programme)).or_default();
        *most = left.max(*most);
    }
    if let Some(one) = group.get_mut(number) {
        let points = one.loyalty.points.saturating_add(left);
        one.loyalty.points = points;
        one.summary.redemptions.loyalty_card.points_to_go = points;
    }
    Ok(())
}

async fn add_tiers(
    view: &mut View,
    group: &mut Group<'_>,
    fullest: &Fullest,
) -> Result<(), Refused> {
    let tier = |(of, points): (&(CustomerId, CampaignId), &Minor)| {
        let programme = group.compiled.loyalty.programme(of.1)?;
        Some((*of, tier_of(&programme.tiers, *points)?.id))
    };
    let tiers: Vec<((CustomerId, CampaignId), u64)> = fullest.iter().filter_map(tier).collect();
    let ids: Vec<u64> = tiers.iter().map(|(_, tier)| *tier).collect();
    let found = view.get_many(Kind::LoyaltyTier, &ids).await?;
    for (((customer, campaign), _), record) in tiers.into_iter().zip(found) {
        let Some(record) = record else { continue };
        let tier: Stored<LoyaltyTier> = read(&record.body)?;
        if let Some(within) = group.within(customer.0, campaign) {
            within.loyalty_tier = tier.thing.name;
        }
    }
    Ok(())
}
