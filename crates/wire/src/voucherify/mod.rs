//! How does a Voucherify client write and read us? Its shapes, and their meaning in our types.
//!
//! Members we do not know are let be; a wrong type is refused with its place. What we answer holds
//! only values its strict clients know; what is ours stands in `proffer` members.

mod best;
mod bounds;
mod campaign;
mod category;
mod collection;
mod condition;
mod customer;
mod discount;
mod error;
mod filter;
pub(crate) mod lenient;
mod list;
mod merging;
mod metadata;
mod order;
mod product;
mod promotion_stack;
mod qualification;
mod redemption;
mod rollback;
mod rule;
mod segment;
mod sku;
mod stacking;
mod tier;
mod unread;
mod validation;
mod voucher;

pub use best::{BestRequest, BestResponse, LeftOutRow, RunnerUp, SearchView};
pub(crate) use campaign::expression;
pub use campaign::{
    Beside, CampaignCreate, CampaignType, CampaignUpdate, CampaignView, CapInput, CapPeriod,
    CapReach, CapUnitInput, CodeCapacity, CommitmentInput, DEFAULT_GRANT_DAYS, LendingInput, Parts,
    PointsBack, ProfferSettings, ProfferTier, PromotionInput, StackingInput, VoucherConfig,
};
pub use category::{Category, CategoryView, Grouped, StackingRulesType};
pub use collection::{Collection, CollectionType, CollectionView, Member, MemberType, MemberView};
pub use condition::{Translated, translate};
pub use customer::{
    Address, CustomerInput, CustomerLoyalty, CustomerOrders, CustomerRedemptions, CustomerRef,
    CustomerReferrals, CustomerSummary, CustomerView, GiftTotals, PointTotals, SimpleCustomer,
};
pub use discount::{Discount, DiscountType, Effect, Terms, Unit, UnitRef};
pub use error::{ErrorBody, Inapplicable, Key, Plainly, Skip, key_of};
pub use filter::{FieldFilter, Filter};
pub use list::List;
pub use merging::{Sent, merge};
pub use metadata::{Metadata, metadata_facts, unread_facts};
pub(crate) use order::currency_of;
pub use order::{
    ApplicationDetails, ItemObject, MAX_ITEMS, MAX_MINOR, Named, OrderInput, OrderItemInput,
    OrderItemView, OrderObject, OrderRedemption, OrderStatus, OrderView, ProductRef,
    SHIPPING_PRODUCT, SHIPPING_SOURCE, SkuRef, order_metadata_facts, order_to_domain,
};
pub use product::{Product, ProductView};
pub use promotion_stack::{
    HierarchyMode, MAX_STACKED, PromotionStack, PromotionStackView, StackTiers,
};
pub use qualification::{
    AskedOf, QUALIFICATION_LIMIT, QUALIFICATION_LIMIT_MAX, QualificationOptions,
    QualificationRequest, QualificationResponse, QualificationRow, Scenario, SortingRule,
};
pub use redemption::{
    Channel, GiftRedeemed, RedemptionLink, RedemptionRequest, RedemptionResponse, RedemptionResult,
    RedemptionSession, RedemptionStatus, RedemptionView, RelatedRedemptions, VoucherRedemptions,
};
pub use rollback::{
    ReturnedItem, RollbackLink, RollbackRequest, RollbackResponse, RollbackStatus, RollbackView,
    StackedRollback,
};
pub use rule::{
    Applicability, ApplicabilityEffect, ApplicabilityView, ApplicableTo, AssignmentCreate,
    AssignmentView, ItemUnits, Node, Nodes, RuleError, RuleInput, RuleView,
};
pub use segment::{Segment, SegmentType, SegmentView};
pub use sku::{Sku, SkuOfProduct, SkuView};
pub use stacking::{
    ApplicationMode, JointPlace, ProfferStacking, REDEEMABLES_LIMIT, RollbackOrderMode,
    StackingRules, StackingRulesView,
};
pub use tier::{
    Action, TierCampaign, TierInput, TierOrders, TierRedemptions, TierSummary, TierUpdate, TierView,
};
pub use unread::Unread;
pub use validation::{
    GiftResult, GiftUse, RedeemableInput, RedeemableKind, RowDetails, RowResult, RowStatus,
    SessionInput, SessionType, SessionView, TtlUnit, ValidationOptions, ValidationRequest,
    ValidationResponse, ValidationRow,
};
pub use voucher::{
    BalanceChange, BalanceOf, BalanceView, CampaignVouchersCreate, CodeConfig, Gift,
    PublishSummary, Quantity, RedemptionSummary, VoucherCreate, VoucherType, VoucherUpdate,
    VoucherView,
};
