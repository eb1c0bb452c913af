//! How are redeemables combined? The project's settings, as every answer repeats them.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// Redeemables in one call.
pub const REDEEMABLES_LIMIT: u32 = 30;
/// Redeemables that may apply together.
pub const APPLICABLE_LIMIT: u32 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ApplicationMode {
    All,
    Partial,
}

/// One set per project.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
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
    pub redeemables_sorting_rule: &'static str,
    pub redeemables_products_application_mode: &'static str,
    pub redeemables_no_effect_rule: &'static str,
    pub no_effect_skip_categories: Vec<String>,
    pub no_effect_redeem_anyway_categories: Vec<String>,
    pub discount_calculation_mode: &'static str,
    pub initial_amount_mode_categories: Vec<String>,
    pub discounted_amount_mode_categories: Vec<String>,
    pub redeemables_rollback_order_mode: &'static str,
}

impl Default for StackingRules {
    /// What we do: campaigns' own stacking and priority instead of categories, all or nothing,
    /// each discount on what the earlier ones left, and no use taken by what gave nothing.
    fn default() -> Self {
        Self {
            redeemables_limit: REDEEMABLES_LIMIT,
            applicable_redeemables_limit: APPLICABLE_LIMIT,
            applicable_redeemables_per_category_limit: None,
            applicable_redeemables_category_limits: BTreeMap::new(),
            applicable_exclusive_redeemables_limit: 1,
            applicable_exclusive_redeemables_per_category_limit: None,
            exclusive_categories: Vec::new(),
            joint_categories: Vec::new(),
            redeemables_application_mode: ApplicationMode::All,
            redeemables_sorting_rule: "REQUESTED_ORDER",
            redeemables_products_application_mode: "STACK",
            redeemables_no_effect_rule: "SKIP",
            no_effect_skip_categories: Vec::new(),
            no_effect_redeem_anyway_categories: Vec::new(),
            discount_calculation_mode: "DISCOUNTED_AMOUNT",
            initial_amount_mode_categories: Vec::new(),
            discounted_amount_mode_categories: Vec::new(),
            redeemables_rollback_order_mode: "WITH_ORDER",
        }
    }
}
