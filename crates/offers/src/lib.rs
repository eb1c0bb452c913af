//! What is it worth? Campaigns, vouchers, benefits, stacking, price, and the transfers that a
//! happening is.
//!
//! Knows nothing of profiles, policies, experiments, protocols or storage.

mod alone;
mod benefit;
mod best;
mod book;
mod bundle;
mod calendar;
mod campaign;
pub mod chart;
pub mod codes;
mod formula;
mod gave;
mod lending;
mod lines;
mod loyalty;
mod money;
mod order;
mod price;
mod qualify;
mod quote;
mod refusal;
mod running;
#[cfg(test)]
mod shop;
mod stack;
mod unit_cap;
mod zone;

pub use alone::{Alone, Taken};
pub use best::{Best, Candidate, Combination, LeftOut, MAX_CANDIDATES, Room, best};
pub use book::{
    Booking, Checkout, CountedOrder, GiftCard, Given, Happening, OrderCount, Points, book,
};
pub use bundle::{Bundle, GoodsKind, MAX_PARTS, Member, Missing, Part, Sets};
pub use calendar::{Calendar, Days, Hours, Length, Timeframe};
pub use campaign::{
    Benefit, Campaign, CampaignId, Cap, CapUnit, Commitment, Joining, Lending, MAX_FREE_UNITS,
    Offer, OfferId, Period, Ppm, Reach, Scope, Spread, Stacking, UnitFree, Validity, Voucher,
    VoucherId, VoucherKind,
};
pub use formula::{Formula, NotAFormula};
pub use gave::{Gave, Share, TooMuch, counted_back, take_back};
pub use lending::{Holding, Loan, Move, call_in, refill, top_up};
pub use lines::{Counts, Lines, Pick, PickLimits, Touched, Visits};
pub use loyalty::{
    CardMove, CountedPoints, Earned, EarningRule, Earns, Lapse, Lot, LoyaltyTier, Mapping, Measure,
    NEVER, Occurrence, OfItems, PointsCard, Programme, Rate, Rewarded, Rounding, Spent, TierMove,
    Trigger, day_of, draw, earned, first, moved_between, soonest, tier_of,
};
pub use money::{money, places};
pub use order::{Line, MAX_MINOR, Order, Sku};
pub use price::{Discount, FreeUnits, Priced, PricedLine, price};
pub use qualify::{Asking, CURRENCY, Presented, Redeemable, open_to, qualify};
pub use quote::{Outcome, quote};
pub use refusal::Refusal;
pub use running::order_facts;
pub use stack::{
    Basis, Category, CategoryId, Crowd, Goods, JointGo, NoEffect, Sorting, Stack, StackingRules,
    stack,
};
pub use unit_cap::{CappedGoods, Counted, PRODUCT, UnitCap, UnitReach, UnitsLeft};
pub use zone::Zone;

pub use ledger::{Currency, Minor, Timestamp};
