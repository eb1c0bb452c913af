//! What does a validation rule mean? Its nodes become one condition, caps and a choice of lines.

use offers::Cap;
use rules::Condition;

use super::RuleInput;
use crate::Malformed;

/// A validation rule in our types.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Translated {
    /// `None` where the rule says nothing of who and what qualifies.
    pub condition: Option<Condition>,
    /// What it says of budgets and counts.
    pub caps: Vec<Cap>,
    /// Over `line.*`: which lines the discount touches, where it says so.
    pub lines: Option<Condition>,
}

/// Translates a rule.
///
/// # Errors
/// With a pointer within the rule: what is wrong, or not supported yet.
pub fn translate(_rule: &RuleInput) -> Result<Translated, Malformed> {
    Ok(Translated::default())
}
