//! How are redeemables combined? The project's settings, as they are set and as every answer
//! repeats them.

use std::collections::{BTreeMap, BTreeSet};

use offers::{Basis, CategoryId, Goods, JointGo, NoEffect, Sorting};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Sent, merge};
use crate::{
    Malformed,
    ids::{self, Tag},
    time::{self, Timestamp},
};

/// Redeemables in one call, at most.
pub const REDEEMABLES_LIMIT: u32 = 30;
const EXCLUSIVE_LIMIT: u32 = 5;
const CATEGORY_LIMIT: u32 = 10;
const MAX_CATEGORIES: usize = 100;

/// What one that does not apply does to the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ApplicationMode {
    /// None applies then.
    All,
    /// The rest applies.
    Partial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StackSorting {
    RequestedOrder,
    CategoryHierarchy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GroupedSorting {
    JointAlwaysLast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProductsMode {
    Stack,
    Once,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoEffectRule {
    RedeemAnyway,
    Skip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CalculationMode {
    InitialAmount,
    DiscountedAmount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RollbackOrderMode {
    WithOrder,
    WithoutOrder,
}

/// One set per project. Categories are named by their ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct StackingRules {
    pub redeemables_limit: u32,
    pub applicable_redeemables_limit: u32,
    pub applicable_redeemables_per_category_limit: Option<u32>,
    pub applicable_redeemables_category_limits: BTreeMap<String, u32>,
    pub applicable_exclusive_redeemables_limit: u32,
    pub applicable_exclusive_redeemables_per_category_limit: Option<u32>,
    pub exclusive_categories: Vec<String>,
    pub joint_categories: Vec<String>,
    pub redeemables_application_mode: ApplicationMode,
    pub redeemables_sorting_rule: StackSorting,
    pub grouped_redeemables_sorting_rule: GroupedSorting,
    pub redeemables_products_application_mode: ProductsMode,
    pub redeemables_no_effect_rule: NoEffectRule,
    pub no_effect_skip_categories: Vec<String>,
    pub no_effect_redeem_anyway_categories: Vec<String>,
    pub discount_calculation_mode: CalculationMode,
    pub initial_amount_mode_categories: Vec<String>,
    pub discounted_amount_mode_categories: Vec<String>,
    pub redeemables_rollback_order_mode: RollbackOrderMode,
    /// Ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proffer: Option<ProfferStacking>,
}

/// What only we know of stacking.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProfferStacking {
    pub joint_redeemables: JointPlace,
}

/// Where redeemables of joint categories stand among the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JointPlace {
    #[default]
    AlwaysLast,
    InOrder,
}

impl Default for StackingRules {
    /// Voucherify's defaults but for one: what gave nothing takes no use, so it is skipped.
    fn default() -> Self {
        Self {
            redeemables_limit: REDEEMABLES_LIMIT,
            applicable_redeemables_limit: 5,
            applicable_redeemables_per_category_limit: Some(1),
            applicable_redeemables_category_limits: BTreeMap::new(),
            applicable_exclusive_redeemables_limit: 1,
            applicable_exclusive_redeemables_per_category_limit: Some(1),
            exclusive_categories: Vec::new(),
            joint_categories: Vec::new(),
            redeemables_application_mode: ApplicationMode::All,
            redeemables_sorting_rule: StackSorting::RequestedOrder,
            grouped_redeemables_sorting_rule: GroupedSorting::JointAlwaysLast,
            redeemables_products_application_mode: ProductsMode::Stack,
            redeemables_no_effect_rule: NoEffectRule::Skip,
            no_effect_skip_categories: Vec::new(),
            no_effect_redeem_anyway_categories: Vec::new(),
            discount_calculation_mode: CalculationMode::DiscountedAmount,
            initial_amount_mode_categories: Vec::new(),
            discounted_amount_mode_categories: Vec::new(),
            redeemables_rollback_order_mode: RollbackOrderMode::WithOrder,
            proffer: None,
        }
    }
}

/// Limits that `null` lifts.
const LIFTED: [&str; 2] = [
    "applicable_redeemables_per_category_limit",
    "applicable_exclusive_redeemables_per_category_limit",
];

impl StackingRules {
    /// New ones. A member that is `null` is as by default, as an absent one, but where `null` lifts
    /// a limit.
    ///
    /// # Errors
    /// The first member that does not fit.
    pub fn made(mut sent: Sent) -> Result<Self, Malformed> {
        sent.retain(|name, value| !value.is_null() || LIFTED.contains(&name.as_str()));
        merge(&Self::default(), &sent)
    }

    /// How the core combines redeemables by these.
    ///
    /// # Errors
    /// With a pointer: which limit is out of range, or which category is none.
    pub fn to_domain(&self) -> Result<offers::StackingRules, Malformed> {
        self.check_limits()?;
        self.check_exceptions()?;
        let (no_effect, no_effect_except) = self.no_effect();
        let (basis, basis_except) = self.basis();
        let rules = offers::StackingRules {
            most: self.applicable_redeemables_limit,
            most_of_category: self.applicable_redeemables_per_category_limit,
            most_of: self.category_limits()?,
            most_exclusive: self.applicable_exclusive_redeemables_limit,
            most_exclusive_of_category: self.applicable_exclusive_redeemables_per_category_limit,
            exclusive: categories((&self.exclusive_categories, "/exclusive_categories"))?,
            joint: categories((&self.joint_categories, "/joint_categories"))?,
            joint_go: match self.proffer.as_ref().map(|own| own.joint_redeemables) {
                Some(JointPlace::InOrder) => JointGo::InOrder,
                Some(JointPlace::AlwaysLast) | None => JointGo::Last,
            },
            sorting: match self.redeemables_sorting_rule {
                StackSorting::RequestedOrder => Sorting::AsPresented,
                StackSorting::CategoryHierarchy => Sorting::ByHierarchy,
            },
            goods: match self.redeemables_products_application_mode {
                ProductsMode::Stack => Goods::Again,
                ProductsMode::Once => Goods::Once,
            },
            no_effect,
            no_effect_except: categories(no_effect_except)?,
            basis,
            basis_except: categories(basis_except)?,
        };
        match rules.exclusive.intersection(&rules.joint).next() {
            None => Ok(rules),
            Some(both) => {
                let name = ids::format(Tag::Category, both.0);
                let detail = format!("{name} cannot be exclusive and joint");
                Err(Malformed::at("/joint_categories", detail))
            }
        }
    }

    /// What becomes of what gives nothing, and the categories of which the other holds.
    fn no_effect(&self) -> (NoEffect, Categories<'_>) {
        match self.redeemables_no_effect_rule {
            NoEffectRule::Skip => (NoEffect::Skip, self.redeem_anyway()),
            NoEffectRule::RedeemAnyway => (NoEffect::Redeem, self.skip()),
        }
    }

    /// What shares are of, and the categories of which the other holds.
    fn basis(&self) -> (Basis, Categories<'_>) {
        match self.discount_calculation_mode {
            CalculationMode::DiscountedAmount => (Basis::Discounted, self.initial()),
            CalculationMode::InitialAmount => (Basis::Initial, self.discounted()),
        }
    }

    fn skip(&self) -> Categories<'_> {
        let categories = &self.no_effect_skip_categories;
        (categories, "/no_effect_skip_categories")
    }

    fn redeem_anyway(&self) -> Categories<'_> {
        let categories = &self.no_effect_redeem_anyway_categories;
        (categories, "/no_effect_redeem_anyway_categories")
    }

    fn initial(&self) -> Categories<'_> {
        let categories = &self.initial_amount_mode_categories;
        (categories, "/initial_amount_mode_categories")
    }

    fn discounted(&self) -> Categories<'_> {
        let categories = &self.discounted_amount_mode_categories;
        (categories, "/discounted_amount_mode_categories")
    }

    fn check_limits(&self) -> Result<(), Malformed> {
        let some = |limit: Option<u32>| limit.unwrap_or(1);
        let limits = [
            (
                self.redeemables_limit,
                REDEEMABLES_LIMIT,
                "redeemables_limit",
            ),
            (
                self.applicable_redeemables_limit,
                REDEEMABLES_LIMIT,
                "applicable_redeemables_limit",
            ),
            (
                some(self.applicable_redeemables_per_category_limit),
                REDEEMABLES_LIMIT,
                "applicable_redeemables_per_category_limit",
            ),
            (
                self.applicable_exclusive_redeemables_limit,
                EXCLUSIVE_LIMIT,
                "applicable_exclusive_redeemables_limit",
            ),
            (
                some(self.applicable_exclusive_redeemables_per_category_limit),
                EXCLUSIVE_LIMIT,
                "applicable_exclusive_redeemables_per_category_limit",
            ),
        ];
        let wrong = limits
            .into_iter()
            .find(|(limit, most, _)| !(1..=*most).contains(limit));
        match wrong {
            None => Ok(()),
            Some((_, most, name)) => {
                let detail = format!("from 1 to {most}");
                Err(Malformed::at(format!("/{name}"), detail))
            }
        }
    }

    /// Of each pair one is in force; both must be readable, and may not overlap.
    fn check_exceptions(&self) -> Result<(), Malformed> {
        let pairs = [
            (self.skip(), self.redeem_anyway()),
            (self.initial(), self.discounted()),
        ];
        for (one, other) in pairs {
            let pointer = other.1;
            let (one, other) = (categories(one)?, categories(other)?);
            if !one.is_disjoint(&other) {
                let detail = "may not name what its counterpart names";
                return Err(Malformed::at(pointer, detail));
            }
        }
        Ok(())
    }

    fn category_limits(&self) -> Result<BTreeMap<CategoryId, u32>, Malformed> {
        let pointer = "/applicable_redeemables_category_limits";
        let limits = self.applicable_redeemables_category_limits.iter();
        let limits = limits.map(|(name, limit)| match (1..=CATEGORY_LIMIT).contains(limit) {
            true => Ok((category(name, pointer)?, *limit)),
            false => {
                let detail = format!("{name}: from 1 to {CATEGORY_LIMIT}");
                Err(Malformed::at(pointer, detail))
            }
        });
        limits.collect()
    }
}

/// Ids of categories, and the member that names them.
type Categories<'a> = (&'a [String], &'static str);

fn categories((names, pointer): Categories<'_>) -> Result<BTreeSet<CategoryId>, Malformed> {
    if names.len() > MAX_CATEGORIES {
        let detail = format!("more than {MAX_CATEGORIES} categories");
        return Err(Malformed::at(pointer, detail));
    }
    names.iter().map(|name| category(name, pointer)).collect()
}

fn category(name: &str, pointer: &str) -> Result<CategoryId, Malformed> {
    let id = ids::parse(Tag::Category, name);
    id.map(CategoryId)
        .map_err(|_| Malformed::at(pointer, format!("{name} is no category's id")))
}

/// The set, as the management of projects answers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StackingRulesView {
    pub id: String,
    #[serde(flatten)]
    pub rules: StackingRules,
    #[serde(with = "time::exact")]
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    #[serde(with = "time::optional")]
    #[schema(value_type = Option<String>)]
    pub updated_at: Option<Timestamp>,
    #[schema(value_type = String)]
    pub object: std::borrow::Cow<'static, str>,
}
