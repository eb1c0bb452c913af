//! What does a promotion stack stand for? Its tiers, in its order.

use offers::{Sorting, StackingRules};
use store::Kind;
use wire::{
    ids::{self, Tag},
    voucherify::{Key, PromotionStack, RedeemableInput, RedeemableKind},
};

use super::{Offered, Quote, Till};
use crate::{
    api::{dialect::refuse_plainly, resources::Kept},
    problem::Refused,
};

impl Till<'_> {
    /// The tiers of the promotion stack that was put forward, which then apply in its order; none
    /// where it is no stack, or nobody knows it.
    ///
    /// # Errors
    /// When it does not stand alone.
    pub(super) async fn unstacked(
        &mut self,
        redeemables: &[RedeemableInput],
    ) -> Result<Option<Vec<RedeemableInput>>, Refused> {
        let is_stack = |one: &RedeemableInput| one.object == RedeemableKind::PromotionStack;
        let Some(stack) = redeemables.iter().find(|one| is_stack(one)) else {
            return Ok(None);
        };
        if redeemables.len() > 1 {
            let details = "Promotion Stack cannot be use with other redeemables";
            let by = offers::CampaignId(0);
            let why = &offers::Refusal::StackedOut { by };
            return Err(refuse_plainly((Key::InvalidRedeemables, details), why));
        }
        let Ok(id) = ids::parse(Tag::PromotionStack, &stack.id) else {
            return Ok(None);
        };
        let record = self.people.view().get(Kind::PromotionStack, id).await?;
        let Some(record) = record else {
            return Ok(None);
        };
        let kept: Kept<PromotionStack> = Kept::of(&record)?;
        self.rules = in_given_order(&self.rules);
        Ok(Some(tiers_of(&kept)))
    }

    /// What these come to as a promotion stack.
    #[must_use]
    pub fn as_stack(&self, offered: &[&Offered]) -> Quote {
        self.settle(offered, &in_given_order(&self.rules))
    }
}

/// The tiers of a stack, as they are put forward.
#[must_use]
pub fn tiers_of(stack: &Kept<PromotionStack>) -> Vec<RedeemableInput> {
    let names = stack.thing().ids().iter();
    let tier = |name: &String| RedeemableInput {
        object: RedeemableKind::PromotionTier,
        id: name.clone(),
        gift: None,
        reward: None,
    };
    names.map(tier).collect()
}

fn in_given_order(rules: &StackingRules) -> StackingRules {
    StackingRules {
        sorting: Sorting::AsGiven,
        ..rules.clone()
    }
}
