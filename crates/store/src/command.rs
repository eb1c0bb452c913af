//! The batch interface: commands in, outcomes out.

use ledger::{Opening, Rejection, Timestamp, Transfer};
use serde::{Deserialize, Serialize};

use crate::numbers::signed;

/// A tenant's live or sandbox data. Leads every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProjectId(pub u32);

/// One change: all of it is durable before it is acknowledged, or none of it happened.
///
/// It is judged in this order: `once`, `expects` and unique keys, then due pending transfers of
/// the project expire, then `openings` and `chain`, then `writes`. What expired stays expired even
/// if the chain is rejected: time has passed all the same. Where very many are due, an engine may
/// leave some of them to later commands ([`crate::Settings::expiries`]), but never one that the
/// chain ends, nor one that takes what it is refused for.
#[derive(Clone, Debug)]
pub struct Command {
    pub project: ProjectId,
    pub now: Timestamp,
    /// Makes a retry harmless: the second time, the first answer is given back.
    pub once: Option<Once>,
    pub expects: Vec<Expect>,
    pub openings: Vec<Opening>,
    pub chain: Vec<Transfer>,
    pub writes: Vec<Write>,
}

impl Command {
    /// Whether it says when it was, where what is kept of it does: of a chain, of an account that
    /// is opened, and of a key.
    pub(crate) fn is_dated(&self) -> bool {
        let is_kept = self.once.is_some() || !self.chain.is_empty() || !self.openings.is_empty();
        !is_kept || self.now != Timestamp::MIN
    }
}

/// An idempotency key with what was asked and what is to be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Once {
    pub key: [u8; 16],
    /// A hash of what was asked: the same key with another is a mistake of the caller.
    pub fingerprint: [u8; 16],
    #[serde(with = "crate::moving::bytes")]
    pub answer: Vec<u8>,
}

/// What must still be so, or the command is stale and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expect {
    pub kind: Kind,
    pub id: u64,
    /// 0: there is no such record.
    pub version: u64,
}

#[derive(Clone, Debug)]
pub enum Write {
    /// Writes a record; its version rises by one, from 1.
    Put {
        kind: Kind,
        id: u64,
        body: Vec<u8>,
    },
    Delete {
        kind: Kind,
        id: u64,
    },
    /// Makes `id` findable under `key`. In a unique index a key that points elsewhere is stale,
    /// unless the same command unlinks it: unlinks happen before links, wherever they stand.
    Link {
        index: Index,
        key: Vec<u8>,
        id: u64,
    },
    Unlink {
        index: Index,
        key: Vec<u8>,
        id: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Applied,
    /// The same key and fingerprint were applied before; this was answered.
    Repeated {
        answer: Vec<u8>,
    },
    /// The same key was used for something else.
    Mismatched,
    /// A line of the chain cannot apply.
    Rejected {
        line: usize,
        rejection: Rejection,
    },
    /// An expectation does not hold, or a unique key is taken (no kind, and the id that holds it).
    Stale {
        kind: Option<Kind>,
        id: u64,
    },
}

/// Something that should not happen: the store, not the caller.
///
/// After [`Fault::Disk`] and [`Fault::Closed`] it is not known whether the command was applied:
/// submit it again with the same [`Once`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The queue is full, or too many others were in the way. Nothing was done; try again later.
    Busy,
    /// The disk or the database failed, and how.
    Disk(String),
    /// The store was closed.
    Closed,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Fault::Busy => f.write_str("the store has too much to do"),
            Fault::Disk(what) => write!(f, "the disk failed: {what}"),
            Fault::Closed => f.write_str("the store is closed"),
        }
    }
}

impl std::error::Error for Fault {}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub id: u64,
    pub version: u64,
    #[serde(with = "crate::moving::bytes")]
    pub body: Vec<u8>,
}

/// A stretch of a listing, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The last id of the stretch before; 0 for the first stretch, in either direction.
    pub after: u64,
    pub limit: u32,
    pub newest_first: bool,
}

impl Page {
    /// Where an engine starts to look, past which ids are asked for, in the order that is asked.
    pub(crate) fn start(self) -> i64 {
        match (self.newest_first, self.after) {
            (true, 0) => i64::MAX,
            (false, 0) => -1,
            (_, after) => signed(after),
        }
    }

    pub(crate) fn is_past(self, chain: u64) -> bool {
        match self.newest_first {
            true => signed(chain) < self.start(),
            false => signed(chain) > self.start(),
        }
    }
}

/// What a record is. The numbers are on disk: they are never used again for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum Kind {
    /// Reserved.
    Project = 1,
    ApiKey = 2,
    Setting = 3,
    Campaign = 4,
    Offer = 5,
    ValidationRule = 6,
    Assignment = 7,
    /// Reserved.
    Experiment = 8,
    /// Reserved.
    Policy = 9,
    Segment = 10,
    /// A frozen configuration, kept from the first decision made with it.
    Snapshot = 11,
    /// What one process at a time has: a number for its ids, the turn of a job.
    Lease = 12,
    /// Somebody who is signed in to the pages, or may be by a link.
    Visit = 13,
    /// How far an import came: the version is one more than its stretches, the body names the file.
    Import = 14,
    Category = 15,
    Product = 16,
    Sku = 17,
    ProductCollection = 18,
    /// Several promotion tiers under one name.
    PromotionStack = 19,
    Customer = 20,
    /// Reserved: what is known through one identifier.
    Node = 21,
    /// What is known through each identifier of the customer of this number: features and consent.
    Nodes = 22,
    Voucher = 30,
    Reservation = 31,
    Redemption = 32,
    Rollback = 33,
    Order = 34,
    /// A redemption that failed.
    Failure = 35,
    /// A code given to a customer, or the failure to.
    Publication = 36,
    /// Somebody who joined a code: who refers or is referred.
    Holder = 37,
    /// A line of a customer's history.
    Activity = 38,
    /// Reserved.
    Grant = 40,
    Decision = 41,
    /// Reserved.
    Enrolment = 42,
    /// Reserved: events already seen, by message.
    Seen = 50,
    /// An order told by events, with what of it was counted and given back.
    Counted = 51,
    /// What points buy.
    Reward = 60,
    /// A reward offered in a campaign.
    RewardAssignment = 61,
    /// What earns points in a campaign.
    EarningRule = 62,
    /// A range of points with its own earnings and prices.
    LoyaltyTier = 63,
    /// Points earned that cannot be spent yet.
    PendingPoints = 64,
    /// A file that was asked for, and how far it came.
    Export = 65,
    /// A stretch of such a file.
    ExportPart = 66,
    /// Work done in the background, and how far it came.
    AsyncAction = 67,
    /// Where a project wants to be told what happened.
    Webhook = 68,
    /// What a webhook is still to be told.
    Delivery = 69,
    /// Which metadata things of one kind have.
    MetadataSchema = 70,
    /// A short-lived token for one key.
    Token = 71,
    /// Rows that an action is still to go through.
    ActionPart = 90,
    /// What points an order earned, by the order's number.
    Earned = 100,
    /// What is told of a line of a card's books, by the number of its chain.
    Note = 101,
    /// What a customer belongs to, by their number: active segments, and tiers of loyalty.
    Membership = 110,
    /// Customers whose memberships are to be looked at again.
    Recheck = 111,
    /// All editions of a campaign, by its number.
    Editions = 112,
    /// What was counted for a campaign on one day.
    Tally = 113,
    /// What is told of a code that is gone, by its number.
    Removed = 114,
}

/// How a record is found. The numbers are on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum Index {
    /// Unique: the pseudonym of an identifier to its customer.
    Identifier = 1,
    /// Reserved: nodes of a customer.
    NodesOfCustomer = 2,
    /// Reserved, unique: the shop's id of a customer.
    CustomerSource = 3,
    /// Unique: a voucher's code.
    VoucherCode = 4,
    /// Vouchers of a campaign that no decision granted.
    VouchersOfCampaign = 5,
    /// Vouchers that a customer holds and no decision granted.
    VouchersOfCustomer = 6,
    /// Unique: a campaign's name.
    CampaignName = 7,
    OffersOfCampaign = 8,
    RedemptionsOfVoucher = 9,
    /// Reserved.
    RedemptionsOfCustomer = 10,
    /// Reserved.
    RedemptionsOfOrder = 11,
    RedemptionsOfCampaign = 12,
    /// Unique: the shop's id of an order.
    OrderSource = 13,
    /// Decisions that granted a customer a code, and the code, by the number they share.
    GrantsOfCustomer = 14,
    /// The other decisions made for a customer.
    DecisionsOfCustomer = 15,
    /// Reserved.
    EnrolmentsOfExperiment = 16,
    /// Unique: a validation session's key on a redeemable.
    ReservationKey = 17,
    /// Reserved, unique: an API key's hash.
    ApiKeyHash = 18,
    AssignmentsOfRule = 19,
    AssignmentsOfObject = 20,
    /// Unique: an event's message id.
    Message = 21,
    RollbacksOfRedemption = 22,
    /// Unique: an order already counted for measurement, by the shop's id.
    CountedOrder = 23,
    /// Units enrolled in one arm of an experiment.
    UnitsOfArm = 24,
    /// Decisions that granted a code of a campaign, and the code, by the number they share.
    GrantsOfCampaign = 25,
    /// Decisions that granted an offer and are not found by a code.
    DecisionsOfOffer = 26,
    /// What lapses on a day, by the day's number.
    LapsingOn = 27,
    /// Customers of whose decisions the inputs are still to be taken back, under one empty key.
    TakenBack = 28,
    /// Reserved: redemptions that succeeded, or failed.
    RedemptionsOfResult = 29,
    /// Unique: a category's name.
    CategoryName = 30,
    /// Unique: the shop's id of a product.
    ProductSource = 31,
    /// Unique: the shop's id of a SKU.
    SkuSource = 32,
    SkusOfProduct = 33,
    /// Segments on whose list a customer is.
    SegmentsOfCustomer = 34,
    /// The customers on a segment's list.
    CustomersOfSegment = 35,
    PublicationsOfCustomer = 36,
    PublicationsOfVoucher = 37,
    /// Unique: the shop's id of a publication.
    PublicationSource = 38,
    /// Vouchers of a campaign that nobody was given yet.
    UnpublishedOfCampaign = 39,
    HoldersOfVoucher = 40,
    HoldersOfCustomer = 41,
    /// Unique: a customer who joined a code of a campaign.
    HolderOfCampaign = 42,
    ActivityOfCustomer = 43,
    StacksOfCampaign = 44,
    AssignmentsOfReward = 45,
    RewardsOfCampaign = 46,
    EarningRulesOfCampaign = 47,
    LoyaltyTiersOfCampaign = 48,
    PendingOfVoucher = 49,
    /// Points that can be spent from a day on, by the day's number.
    PendingOn = 50,
    /// Points that expire on a day, by the day's number.
    ExpiringOn = 51,
    PartsOfExport = 52,
    /// Unique: what webhooks are to be told, by the webhook and when it is due.
    DueDeliveries = 53,
    DeliveriesOfWebhook = 54,
    /// Unique: what a metadata schema is of.
    MetadataSchemaOf = 55,
    /// Unique: a token's hash.
    TokenHash = 56,
    /// Unique: the shop's id of a change of a balance.
    LedgerSource = 57,
    TokensOfKey = 58,
    PartsOfAction = 75,
    /// What is still to be done in the background, by the kind of its record.
    Waiting = 76,
    /// Redemptions that failed on a campaign.
    FailuresOfCampaign = 77,
    /// Loyalty cards that a customer holds.
    CardsOfCustomer = 85,
    /// Unique: what was counted for a campaign on one day.
    TallyOfDay = 110,
    TalliesOfCampaign = 111,
    /// Codes of a campaign that were given to somebody.
    PublicationsOfCampaign = 112,
    FailedPublicationsOfCampaign = 113,
    /// Who joined by a code of a campaign.
    RefereesOfCampaign = 114,
    /// Codes of a campaign that are gone.
    RemovedOfCampaign = 115,
    /// Redemptions that failed for whom a page named.
    ClaimedFailures = 116,
}

impl Index {
    /// Whether a key of this index points to one record at most.
    #[must_use]
    pub const fn is_unique(self) -> bool {
        matches!(
            self,
            Index::Identifier
                | Index::CustomerSource
                | Index::VoucherCode
                | Index::CampaignName
                | Index::OrderSource
                | Index::ReservationKey
                | Index::ApiKeyHash
                | Index::Message
                | Index::CountedOrder
                | Index::CategoryName
                | Index::ProductSource
                | Index::SkuSource
                | Index::PublicationSource
                | Index::HolderOfCampaign
                | Index::MetadataSchemaOf
                | Index::TokenHash
                | Index::LedgerSource
                | Index::DueDeliveries
                | Index::TallyOfDay
        )
    }
}

/// The number of a name and back. A name that is left out here does not compile.
macro_rules! numbered {
    ($name:ident: $($variant:ident),* $(,)?) => {
        impl From<$name> for u8 {
            fn from(name: $name) -> u8 {
                match name {
                    $($name::$variant => $name::$variant as u8,)*
                }
            }
        }

        impl TryFrom<u8> for $name {
            type Error = &'static str;

            /// # Errors
            /// No version up to this one wrote it.
            fn try_from(number: u8) -> Result<$name, &'static str> {
                let mut all = [$($name::$variant),*].into_iter();
                let found = all.find(|name| u8::from(*name) == number);
                found.ok_or("the number stands for nothing in this version")
            }
        }
    };
}

numbered! {
    Kind:
    Project, ApiKey, Setting, Campaign, Offer, ValidationRule, Assignment, Experiment, Policy,
    Segment, Snapshot, Lease, Visit, Import, Category, Product, Sku, ProductCollection, Customer,
    Node, Nodes, Voucher, Reservation, Redemption, Rollback, Order, Failure, Grant, Decision,
    Enrolment, Seen, Counted, PromotionStack, Publication, Holder, Activity, Reward,
    RewardAssignment, EarningRule, LoyaltyTier, PendingPoints, Export, ExportPart, AsyncAction,
    Webhook, Delivery, MetadataSchema, Token, ActionPart, Earned, Note,
    Membership, Recheck, Editions, Tally, Removed
}

numbered! {
    Index:
    Identifier, NodesOfCustomer, CustomerSource, VoucherCode, VouchersOfCampaign,
    VouchersOfCustomer, CampaignName, OffersOfCampaign, RedemptionsOfVoucher,
    RedemptionsOfCustomer, RedemptionsOfOrder, RedemptionsOfCampaign, OrderSource,
    GrantsOfCustomer, DecisionsOfCustomer, EnrolmentsOfExperiment, ReservationKey, ApiKeyHash,
    AssignmentsOfRule, AssignmentsOfObject, Message, RollbacksOfRedemption, CountedOrder,
    UnitsOfArm, GrantsOfCampaign, DecisionsOfOffer, LapsingOn, TakenBack, RedemptionsOfResult,
    CategoryName, ProductSource, SkuSource, SkusOfProduct, SegmentsOfCustomer, CustomersOfSegment,
    PublicationsOfCustomer, PublicationsOfVoucher, PublicationSource, UnpublishedOfCampaign,
    HoldersOfVoucher, HoldersOfCustomer, HolderOfCampaign, ActivityOfCustomer, StacksOfCampaign,
    AssignmentsOfReward, RewardsOfCampaign, EarningRulesOfCampaign, LoyaltyTiersOfCampaign,
    PendingOfVoucher, PendingOn, ExpiringOn, PartsOfExport, DueDeliveries, DeliveriesOfWebhook,
    MetadataSchemaOf, TokenHash, LedgerSource, TokensOfKey, PartsOfAction, Waiting,
    FailuresOfCampaign, CardsOfCustomer,
    TallyOfDay, TalliesOfCampaign, PublicationsOfCampaign, FailedPublicationsOfCampaign,
    RefereesOfCampaign, RemovedOfCampaign, ClaimedFailures
}
