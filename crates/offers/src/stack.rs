//! Which of the redeemables presented go together, and in which order?

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Benefit, CampaignId, Presented, Redeemable, Refusal, Stacking};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CategoryId(pub u64);

/// The group that a redeemable is stacked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    pub id: CategoryId,
    /// The lower goes first; 0 is the strongest.
    pub hierarchy: u16,
}

/// What stands for the hierarchy of what has no category.
const USUAL_HIERARCHY: u16 = 1;

/// How the redeemables of one order are combined: one set for a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StackingRules {
    /// Those that may apply together.
    pub most: u32,
    /// Those of one category that may, where nothing is said of that category itself.
    pub most_of_category: Option<u32>,
    pub most_of: BTreeMap<CategoryId, u32>,
    pub most_exclusive: u32,
    pub most_exclusive_of_category: Option<u32>,
    /// Of these an applicable one shuts out all that are neither exclusive nor joint.
    pub exclusive: BTreeSet<CategoryId>,
    /// These are never shut out.
    pub joint: BTreeSet<CategoryId>,
    pub joint_go: JointGo,
    pub sorting: Sorting,
    pub goods: Goods,
    pub no_effect: NoEffect,
    /// Categories of which the other holds.
    pub no_effect_except: BTreeSet<CategoryId>,
    pub basis: Basis,
    /// Categories of which the other holds.
    pub basis_except: BTreeSet<CategoryId>,
}

/// In which order redeemables of campaigns of equal priority apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sorting {
    /// As they are put forward.
    #[default]
    AsPresented,
    ByHierarchy,
    /// As they are put forward, whatever the priorities of their campaigns are.
    AsGiven,
}

/// Where those stand that are never shut out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum JointGo {
    /// After the rest.
    #[default]
    Last,
    /// Among the rest, as if they were no others.
    InOrder,
}

/// Whether goods may be discounted again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goods {
    #[default]
    Again,
    /// What one redeemable touched is out of reach for the later ones.
    Once,
}

/// What becomes of a redeemable that would change nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoEffect {
    /// It is passed over and takes no use.
    #[default]
    Skip,
    /// It applies with nothing, and takes its use.
    Redeem,
}

/// What a share is a share of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// What the earlier ones left.
    #[default]
    Discounted,
    /// What there was before all of them.
    Initial,
}

impl StackingRules {
    /// What holds where nobody set anything: five at most and one of each category, each on what
    /// the earlier ones left, and no use is taken by what gives nothing.
    #[must_use]
    pub const fn usual() -> Self {
        Self {
            most: 5,
            most_of_category: Some(1),
            most_of: BTreeMap::new(),
            most_exclusive: 1,
            most_exclusive_of_category: Some(1),
            exclusive: BTreeSet::new(),
            joint: BTreeSet::new(),
            joint_go: JointGo::Last,
            sorting: Sorting::AsPresented,
            goods: Goods::Again,
            no_effect: NoEffect::Skip,
            no_effect_except: BTreeSet::new(),
            basis: Basis::Discounted,
            basis_except: BTreeSet::new(),
        }
    }
}

impl Default for StackingRules {
    fn default() -> Self {
        Self::usual()
    }
}

/// A bound on how many redeemables apply together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Crowd {
    All,
    Category,
    Exclusive,
    ExclusiveOfCategory,
}

impl StackingRules {
    pub(crate) fn basis_of(&self, one: &Presented<'_>) -> Basis {
        match (self.basis, is_among(one, &self.basis_except)) {
            (Basis::Discounted, false) | (Basis::Initial, true) => Basis::Discounted,
            (Basis::Discounted, true) | (Basis::Initial, false) => Basis::Initial,
        }
    }

    pub(crate) fn no_effect_of(&self, one: &Presented<'_>) -> NoEffect {
        match (self.no_effect, is_among(one, &self.no_effect_except)) {
            (NoEffect::Skip, false) | (NoEffect::Redeem, true) => NoEffect::Skip,
            (NoEffect::Skip, true) | (NoEffect::Redeem, false) => NoEffect::Redeem,
        }
    }

    pub(crate) fn is_exclusive(&self, one: &Presented<'_>) -> bool {
        is_among(one, &self.exclusive)
    }

    pub(crate) fn is_joint(&self, one: &Presented<'_>) -> bool {
        is_among(one, &self.joint)
    }

    pub(crate) fn most_of(&self, category: CategoryId) -> Option<u32> {
        let own = self.most_of.get(&category).copied();
        own.or(self.most_of_category)
    }
}

fn is_among(one: &Presented<'_>, categories: &BTreeSet<CategoryId>) -> bool {
    one.category
        .is_some_and(|category| categories.contains(&category.id))
}

/// The redeemables that survived stacking, in the order they apply, and those that did not.
#[derive(Clone, Debug, Default)]
pub struct Stack<'a> {
    pub applied: Vec<Presented<'a>>,
    pub refused: Vec<(Redeemable, Refusal)>,
}

/// Puts redeemables in order and drops those that may not be used beside an earlier one.
#[must_use]
pub fn stack<'a>(presented: Vec<Presented<'a>>, rules: &StackingRules) -> Stack<'a> {
    let mut stack = Stack::default();
    for next in in_order(presented, rules) {
        let admitted = stack
            .has_room(&next, rules)
            .and_then(|()| stack.admits(&next));
        match admitted {
            Ok(()) => stack.applied.push(next),
            Err(refusal) => stack.refused.push((next.redeemable, refusal)),
        }
    }
    stack
}

/// As they were given where the rules say so. Else by hierarchy of the category where they say
/// that, then by priority of the campaign. Where all are equal the order in which they were put
/// forward decides, and nothing else: the shopper, or the shop on their behalf, chose it, and the
/// API promises to keep it. What stacks always goes after the rest, and points come last, for they
/// are counted on what is paid.
pub(crate) fn in_order<'a>(
    mut presented: Vec<Presented<'a>>,
    rules: &StackingRules,
) -> Vec<Presented<'a>> {
    presented.sort_by_cached_key(|one| rank(one, rules));
    presented
}

/// What goes first has the lower; where two are equal, either may.
pub(crate) type Rank = (bool, bool, u16, u16);

pub(crate) fn rank(one: &Presented<'_>, rules: &StackingRules) -> Rank {
    let earns = matches!(one.offer.benefit, Benefit::PointsBack { .. });
    let goes_last = rules.joint_go == JointGo::Last && rules.is_joint(one);
    let always = goes_last || one.campaign.stacking == Stacking::Always;
    let hierarchy = match (rules.sorting, one.category) {
        (Sorting::AsGiven, _) => return (earns, false, 0, 0),
        (Sorting::AsPresented, _) => 0,
        (Sorting::ByHierarchy, None) => USUAL_HIERARCHY,
        (Sorting::ByHierarchy, Some(category)) => category.hierarchy,
    };
    (earns, always, hierarchy, one.campaign.priority)
}

impl Stack<'_> {
    /// Whether one more may apply, beside as many as do already.
    pub(crate) fn has_room(
        &self,
        next: &Presented<'_>,
        rules: &StackingRules,
    ) -> Result<(), Refusal> {
        let over = |crowd| Err(Refusal::OverLimit(crowd));
        let most = usize::try_from(rules.most).unwrap_or(usize::MAX);
        if self.applied.len() >= most {
            return over(Crowd::All);
        }
        let beside = |is_counted: &dyn Fn(&Presented<'_>) -> bool| {
            u32::try_from(self.applied.iter().filter(|one| is_counted(one)).count())
                .unwrap_or(u32::MAX)
        };
        let is_exclusive = rules.is_exclusive(next);
        if is_exclusive && beside(&|one| rules.is_exclusive(one)) >= rules.most_exclusive {
            return over(Crowd::Exclusive);
        }
        let Some(Category { id, .. }) = next.category else {
            return Ok(());
        };
        let of_category = beside(&|one| one.category.is_some_and(|category| category.id == id));
        if rules.most_of(id).is_some_and(|most| of_category >= most) {
            return over(Crowd::Category);
        }
        let most = rules.most_exclusive_of_category.filter(|_| is_exclusive);
        match most.is_some_and(|most| of_category >= most) {
            true => over(Crowd::ExclusiveOfCategory),
            false => Ok(()),
        }
    }

    /// Whether the next in order may be used beside those that apply already.
    pub(crate) fn admits(&self, next: &Presented<'_>) -> Result<(), Refusal> {
        if self
            .applied
            .iter()
            .any(|one| one.redeemable == next.redeemable)
        {
            return Err(Refusal::AlreadyApplied);
        }
        match self.keeps_out(next.campaign.stacking) {
            Some(by) => Err(Refusal::StackedOut { by }),
            None => Ok(()),
        }
    }

    fn keeps_out(&self, next: Stacking) -> Option<CampaignId> {
        let mut before = self.applied.iter().map(|one| one.campaign);
        let found = match next {
            Stacking::Always => None,
            Stacking::Alone => before.find(|one| one.stacking != Stacking::Always),
            Stacking::Together => before.find(|one| one.stacking == Stacking::Alone),
        };
        found.map(|campaign| campaign.id)
    }
}
