//! Which record of settings is which? Their numbers are on disk: none is used twice.

/// Its version is the number of the configuration in force.
pub const CONFIGURATION: u64 = 1;
/// How decisions are made.
pub const DECISIONING: u64 = 2;
/// The secret of the installation.
pub const SECRET: u64 = 3;
/// What holds for a whole project.
pub const SETTINGS: u64 = 4;
/// The day up to which balances have lapsed.
pub const LAPSED: u64 = 5;
/// How redeemables are combined; absent where the rules by default hold.
pub const STACKING: u64 = 6;
/// With what is signed what webhooks are told.
pub const WEBHOOK_SECRET: u64 = 80;
/// What only a simulator knows: the true incremental profit.
pub const TRUTH: u64 = 100;
