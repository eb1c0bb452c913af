//! What does a loyalty card pay for? Points, at the rate of a reward that its programme offers.

use ledger::{Minor, Transfer};
use offers::{Lot, Offer, PointsCard, Rate, Refusal, Spent, draw, order_facts, qualify};
use rules::{Condition, Reads, Verdict};
use wire::voucherify::{RewardType, RewardUse, RewardedView};

use super::{Found, Till};
use crate::{
    loyalty::{self, Asks, CardCounts, Offered},
    problem::Refused,
    vouchers::Issued,
};

/// A loyalty card as it was put forward.
pub struct CardUse {
    pub card: PointsCard,
    /// The number of what it was put forward for, and what is asked of who uses it.
    pub offered: Option<(u64, Asks)>,
    /// What it was put forward for; none where no such reward is offered.
    pub reward: Option<(Rate, RewardedView)>,
    /// How many points, where the call says.
    asked: Option<Minor>,
    /// From where they are spent.
    lots: Vec<Lot>,
    /// Why it cannot be used.
    pub refusal: Option<Refusal>,
    /// What was on it before.
    pub counts: CardCounts,
}

impl CardUse {
    /// What the reward asks is asked of the card.
    pub(super) fn ask(&self, offer: &mut Offer) {
        let Some((_, asks)) = &self.offered else {
            return;
        };
        let ours = [asks.before.clone(), asks.after.clone()];
        for (asked, ours) in [&mut offer.rule, &mut offer.after].into_iter().zip(ours) {
            *asked = Condition::all([std::mem::replace(asked, Condition::Always), ours]);
        }
    }

    /// What pays for so much money.
    pub fn spent(&self, money: Minor) -> Option<Spent<'_>> {
        let (rate, _) = self.reward.as_ref()?;
        Some(Spent {
            card: self.card,
            lots: &self.lots,
            points: rate.price(money),
        })
    }

    /// What is on it once so many points are spent.
    #[must_use]
    pub fn counts_after(&self, points: Minor) -> CardCounts {
        CardCounts {
            balance: self.counts.balance.saturating_sub(points),
            spent: self.counts.spent.saturating_add(points),
            ..self.counts
        }
    }
}

impl Till<'_> {
    /// What a card is put forward for.
    pub(super) async fn card(
        &mut self,
        issued: &Issued,
        input: Option<&RewardUse>,
    ) -> Result<Option<CardUse>, Refused> {
        let Some(card) = issued.card() else {
            return Ok(None);
        };
        let view = self.people.view();
        let name = input.and_then(|reward| reward.id.as_deref());
        let offered = match name {
            Some(name) => loyalty::offered(view, (card.programme, name)).await?,
            None => None,
        };
        Ok(Some(CardUse {
            card,
            reward: offered.as_ref().and_then(|one| coin(one, self.now)),
            offered: offered.map(|one| (one.id, one.asks())),
            asked: input.and_then(|reward| reward.points),
            lots: Vec::new(),
            refusal: None,
            counts: CardCounts::default(),
        }))
    }

    /// Why a card may not buy what it was put forward for, whatever that costs.
    #[must_use]
    pub fn barred(&self, found: &Found) -> Option<Refusal> {
        let mut facts = self.facts.clone();
        facts.extend(order_facts(&self.order, &Reads::everything()));
        let refusal = qualify(&found.present(None), &facts, self.asking()).err();
        let after = [&found.campaign.after, &found.offer.after].into_iter();
        let mut unmet = after.filter_map(|after| match after.evaluate(&facts) {
            Verdict::Met => None,
            Verdict::NotMet(path) | Verdict::Unknown(path) => Some(Refusal::RuleNotMet(path)),
        });
        refusal.or_else(|| unmet.next())
    }

    /// What is left on a card, and what of it may be spent here.
    pub(super) async fn look_at_card(&mut self, found: &mut Found) -> Result<(), Refused> {
        let Some(mut of) = found.card.take() else {
            return Ok(());
        };
        let (project, today) = (self.project, self.compiled.day(self.now));
        let view = self.people.view();
        let accounts = loyalty::lots(view, (project, of.card.card)).await?;
        of.counts = loyalty::counts(view, (project, of.card, today)).await?;
        let mut lots: Vec<Lot> = Vec::new();
        for account in &accounts {
            let left = account.available().unwrap_or(0);
            lots.push(Lot {
                day: u32::try_from(account.id.party).unwrap_or(offers::NEVER),
                points: left.saturating_add(self.let_go(account.id)),
            });
        }
        let is_of_card = |hold: &&Transfer| accounts.iter().any(|one| one.id == hold.debit);
        let held = found.held.iter().filter(is_of_card);
        let held: Vec<Lot> = held
            .map(|hold| Lot {
                day: u32::try_from(hold.debit.party).unwrap_or(offers::NEVER),
                points: hold.amount,
            })
            .collect();
        // What is held is all that may be posted.
        let today = match held.is_empty() {
            true => today,
            false => 0,
        };
        let lots = if held.is_empty() { lots } else { held };
        found.others_hold |= accounts.iter().any(|one| one.debits.pending > 0);
        found.balance = of.look(&lots, today);
        if let Some(spent) = of.spent(found.balance) {
            found.tell_points(of.asked.unwrap_or(spent.points));
        }
        found.credit = Some(found.balance);
        found.card = Some(of);
        Ok(())
    }
}

impl CardUse {
    /// What may be taken off with what is left.
    fn look(&mut self, lots: &[Lot], today: u32) -> Minor {
        let Some((rate, _)) = &self.reward else {
            self.refusal = Some(Refusal::RewardMissing);
            return 0;
        };
        let alive = lots
            .iter()
            .filter(|lot| lot.day == offers::NEVER || lot.day >= today);
        let all: Minor = alive.map(|lot| lot.points).sum();
        let wanted = self.asked.unwrap_or(all);
        let worth = rate.worth(wanted);
        match draw(lots, wanted, today) {
            Some(drawn) if worth > 0 => {
                self.lots = drawn;
                worth
            }
            _ => {
                self.refusal = Some(Refusal::PointsSpent);
                0
            }
        }
    }
}

/// A reward that is money off an order.
fn coin(offered: &Offered, at: ledger::Timestamp) -> Option<(Rate, RewardedView)> {
    let reward = &offered.reward.stored.thing;
    let coin = reward.parameters.coin.as_ref();
    let coin = coin.filter(|_| reward.kind() == RewardType::Coin)?;
    let told = reward.rewarded(offered.reward.id, Some(offered.id), at);
    Some((coin.rate().ok()?, told))
}
