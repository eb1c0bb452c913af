//! Where in the life of a customer are we, going by the orders?

/// From the days since the last order: at most 44 days are alive, and the win-back thresholds
/// are 45, 60 and 90.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    NeverBought,
    /// One order so far, less than 45 days ago.
    New,
    /// More than one order, the last less than 45 days ago.
    Active,
    /// 45 to 59 days.
    Cooling,
    /// 60 to 89 days.
    Lapsing,
    /// 90 to 364 days.
    Lapsed,
    /// A year or longer.
    Dormant,
}

impl Stage {
    pub(super) fn of(orders: u32, recency_days: Option<i64>) -> Self {
        match recency_days {
            None => Self::NeverBought,
            Some(..45) if orders == 1 => Self::New,
            Some(..45) => Self::Active,
            Some(45..60) => Self::Cooling,
            Some(60..90) => Self::Lapsing,
            Some(90..365) => Self::Lapsed,
            Some(365..) => Self::Dormant,
        }
    }

    /// The word a condition compares with.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeverBought => "never_bought",
            Self::New => "new",
            Self::Active => "active",
            Self::Cooling => "cooling",
            Self::Lapsing => "lapsing",
            Self::Lapsed => "lapsed",
            Self::Dormant => "dormant",
        }
    }
}
