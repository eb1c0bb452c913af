//! How does a Voucherify client write and read us? Its shapes, and their meaning in our types.
//!
//! Members we do not know are let be; a wrong type is refused with its place. What we answer holds
//! only values its strict clients know; what is ours stands in `proffer` members.

mod action;
mod activity;
mod best;
mod birthday;
mod bounds;
mod bundle;
mod calendar;
mod came_to;
mod campaign;
mod category;
mod collection;
mod condition;
mod custom_event;
mod customer;
mod discount;
mod endpoints;
mod error;
mod export;
mod filter;
mod holder;
pub(crate) mod lenient;
mod list;
mod loyalty;
mod merging;
mod metadata;
mod metadata_schema;
mod nested;
mod oauth;
mod order;
mod product;
mod promotion_stack;
mod publication;
mod qualification;
mod redemption;
mod rollback;
mod rule;
mod segment;
mod single;
mod sku;
mod stacking;
mod summary;
mod tier;
mod transaction;
mod unread;
mod validation;
mod voucher;
mod webhook;

pub use action::{
    ActionResult, ActionStatus, ActionType, AsyncActionStarted, AsyncActionView, FailedRow,
    MetadataForMany, OperationStatus,
};
pub use activity::{Activity, ActivityView};
pub use best::{BestRequest, BestResponse, LeftOutRow, RunnerUp, SearchView};
pub use bundle::{BundleItem, BundleResult};
pub use calendar::CalendarView;
pub use came_to::{CAME_TO, came_to_facts};
pub(crate) use campaign::expression;
pub use campaign::{
    Beside, CampaignCreate, CampaignType, CampaignUpdate, CampaignView, CapInput, CapPeriod,
    CapReach, CapUnitInput, CodeCapacity, CommitmentInput, ConversionEvent, DEFAULT_GRANT_DAYS,
    EditionInput, LendingInput, Parts, PointsBack, ProfferSettings, ProfferTier, PromotionInput,
    RefereeReward, RefereeRewardView, ReferralProgram, ReferralProgramView, RewardParent,
    StackingInput, UpdateOptions, VoucherConfig,
};
pub use category::{Category, CategoryNames, CategoryView, Grouped, StackingRulesType, regrouped};
pub use collection::{Collection, CollectionType, CollectionView, Member, MemberType, MemberView};
use condition::goods_lines;
pub use condition::{ITEM_NAMES, OPERATORS, RULE_NAMES, Translated, joined, translate};
pub use custom_event::{CustomEventInput, CustomEventView, EventLoyalty, EventReferral};
pub use customer::{
    Address, CampaignLoyalty, CustomerInput, CustomerLoyalty, CustomerOrders, CustomerRedemptions,
    CustomerRef, CustomerReferral, CustomerReferrals, CustomerSummary, CustomerView, DeletionView,
    GiftTotals, PointTotals, SimpleCustomer,
};
pub use discount::{Discount, DiscountType, Effect, Terms, Unit, UnitRef};
pub use endpoints::{Endpoint, endpoint_of, endpoints, left_out, shape};
pub use error::{ErrorBody, Inapplicable, Key, Plainly, Skip, key_of};
pub use export::{
    ExportCreate, ExportFile, ExportParameters, ExportStatus, ExportView, ExportedObject,
};
pub use filter::{FieldFilter, Filter, RowField};
pub use holder::{
    HeldRedeemable, HeldStatus, HeldView, HolderRole, HolderView, HoldersCreate, MAX_HOLDERS,
};
pub use list::List;
pub use loyalty::{
    CardMember, Coin, EarningRule, EarningRuleView, EarningSource, ExpirationType, LapseRules,
    LoyaltyCard, LoyaltyCardView, LoyaltyTier, LoyaltyTierView, MAX_POINTS, MappingInput,
    PeriodType, PointsBalanceView, PointsChange, PointsResult, Reward, RewardAssignment,
    RewardAssignmentView, RewardCampaign, RewardParameters, RewardProduct, RewardRedemption,
    RewardType, RewardUse, RewardView, RewardedView, RoundingType, TierPoints, trigger_name,
};
pub use merging::{Sent, merge};
pub use metadata::{Metadata, metadata_facts, unread_facts};
pub use metadata_schema::{MetadataSchema, MetadataSchemaView, Property, PropertyType, Spelling};
pub use nested::nested;
pub use oauth::{TOKEN_SECONDS, TokenNamed, TokenRequest, TokenState, TokenView, opens};
pub(crate) use order::currency_of;
pub use order::{
    ApplicationDetails, ItemObject, Known, MAX_ITEMS, MAX_MINOR, Named, OrderInput, OrderItemInput,
    OrderItemView, OrderObject, OrderRedemption, OrderStatus, OrderView, ProductRef,
    SHIPPING_PRODUCT, SHIPPING_SOURCE, SkuRef, order_metadata_facts, order_to_domain,
};
pub use product::{Product, ProductView};
pub use promotion_stack::{
    HierarchyMode, MAX_STACKED, PromotionStack, PromotionStackView, StackTiers,
};
pub use publication::{
    MAX_PUBLISHED, Meant, MeantCampaign, PublicationCreate, PublicationResult, PublicationView,
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
    GiftGivenBack, GivenBack, PointsGivenBack, ReturnedItem, RollbackLink, RollbackRequest,
    RollbackResponse, RollbackStatus, RollbackView, StackedRollback,
};
pub use rule::{
    Applicability, ApplicabilityEffect, ApplicabilityView, ApplicableTo, AssignmentCreate,
    AssignmentView, ItemUnits, Node, Nodes, RuleError, RuleInput, RuleView,
};
pub use segment::{Segment, SegmentType, SegmentView};
pub use single::{SingleGift, SingleRequest, TierValidation, TiersValidation, VoucherValidation};
pub use sku::{Sku, SkuOfProduct, SkuView};
pub use stacking::{
    ApplicationMode, JointPlace, ProfferStacking, REDEEMABLES_LIMIT, RollbackOrderMode,
    StackingRules, StackingRulesView,
};
pub use summary::{CampaignSummaryView, PointsSummaryView, PublicationsView};
pub use tier::{
    Action, TierCampaign, TierInput, TierOrders, TierRedemptions, TierSummary, TierUpdate, TierView,
};
pub use transaction::{
    BalanceMoved, NamedById, OrderOfTransaction, RewardOfTransaction, TransactionDetails,
    TransactionView,
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
pub use webhook::{
    AttemptView, DeliveryStatus, DeliveryView, Event, EventRef, Source, Told, Webhook,
    WebhookSecretView, WebhookView,
};
