//! Every expected "no", in order of precedence.

use rules::Path;
use serde::{Deserialize, Serialize};

use crate::{CampaignId, Minor, Timestamp};

/// Why a redeemable cannot be used. When several hold, the first in this list is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    NotFound,
    Paused,
    NotYetOpen { from: Timestamp },
    Closed { until: Timestamp },
    OtherHolder,
    SignInRequired,
    UsedUpByCustomer,
    UsedUp,
    BudgetSpent,
    Reserved { until: Timestamp },
    BelowMinimum { gap: Minor },
    RuleNotMet(Path),
    FactUnknown(Path),
    NoMatchingLines,
    StackedOut { by: CampaignId },
    BalanceSpent,
    NoEffect,
}
