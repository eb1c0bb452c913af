//! How is a voucher kept?

use std::borrow::Cow;

use ledger::Timestamp;
use offers::{
    Benefit, Campaign, CampaignId, Formula, Lines, Minor, Offer, Scope, Voucher, VoucherKind,
};
use rules::Condition;
use serde::{Deserialize, Serialize};
use store::{Index, Kind, Page, View, Write};
use wire::voucherify::{Terms, VoucherType};

use crate::{
    configuration::{Compiled, Stored},
    jobs,
    problem::Refused,
    versioned::{self, Versioned},
};

/// A voucher with what it stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Issued {
    pub voucher: Voucher,
    /// The campaign whose offer it carries; its own where it stands alone.
    pub campaign: CampaignId,
    /// The campaign and offer of a voucher that belongs to none.
    pub own: Option<Box<(Campaign, Offer)>>,
    /// The decision that granted it, whose number it has: whatever finds one finds the other.
    pub decision: Option<u64>,
    /// To whom it was given, without being bound to them.
    pub published: Option<Published>,
    /// Whoever it is given to refers others by it.
    pub refers: bool,
    /// Which edition of its campaign it keeps: the one in force when it was given to somebody or
    /// first used; before that the one that is in force.
    pub edition: Option<u32>,
    /// What it gives in place of what its campaign's codes give.
    pub value: Option<Box<Value>>,
    /// What is asked of it beside what its campaign asks.
    pub asks: Option<Box<Asks>>,
}

/// What the rules of one code of a campaign ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asks {
    pub rule: Condition,
    pub after: Condition,
    /// Which lines its discount touches, of those that its campaign's would.
    pub lines: Option<Lines>,
}

impl Asks {
    /// An offer that asks this, too.
    pub fn put_on(&self, offer: &mut Offer) {
        for (asked, ours) in [
            (&mut offer.rule, &self.rule),
            (&mut offer.after, &self.after),
        ] {
            let before = std::mem::replace(asked, Condition::Always);
            let both = [before, ours.clone()].into_iter();
            *asked = Condition::all(both.filter(|one| *one != Condition::Always));
        }
        if let (Scope::Lines(lines), Some(ours)) = (&mut offer.scope, &self.lines) {
            *lines = lines.clone().and(ours.clone());
        }
    }
}

/// The benefit of one code, on what the codes of its campaign touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    benefit: Benefit,
    formula: Option<Formula>,
    /// What is taken off each line, and off all of them, at most.
    bounds: [Option<Minor>; 2],
}

impl Value {
    /// What a discount says of its size.
    #[must_use]
    pub fn of(terms: Terms) -> Self {
        let bounds = match &terms.scope {
            Scope::Lines(lines) => [lines.each_at_most, lines.at_most],
            Scope::Order => [None; 2],
        };
        Self {
            benefit: terms.benefit,
            formula: terms.formula,
            bounds,
        }
    }

    /// An offer of this size.
    pub fn put_on(&self, offer: &mut Offer) {
        offer.benefit = self.benefit.clone();
        offer.formula.clone_from(&self.formula);
        if let Scope::Lines(lines) = &mut offer.scope {
            [lines.each_at_most, lines.at_most] = self.bounds;
        }
    }
}

/// To whom a code was given, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub to: u64,
    pub at: Timestamp,
    /// It has a life of its own, and goes on when its campaign has ended.
    pub outlives: bool,
}

/// A voucher as it is kept. A decision writes one, so it is short.
#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    thing: Cow<'a, Issued>,
    /// JSON; empty where the caller sent nothing beside.
    extra: String,
    created_at: Timestamp,
    updated_at: Option<Timestamp>,
}

impl Versioned for Kept<'_> {
    const NAME: &'static str = "voucher";
    /// 2 knows more benefits, and how lines are picked; 3 has calendars; 4 says to whom it was
    /// given; 5 has rules and limits that ask and count more; 6 caps units of products; 7 keeps
    /// an edition of its campaign and a value of its own; 8 asks more than its campaign does, and
    /// compares fractions.
    const SHAPE: u8 = 8;
}

/// The body of a voucher's record.
///
/// # Errors
/// Never for what is stored; a fault if it happens.
pub fn write(issued: &Stored<Issued>) -> Result<Vec<u8>, Refused> {
    let extra = match &issued.extra {
        serde_json::Value::Null => String::new(),
        extra => extra.to_string(),
    };
    let kept = Kept {
        thing: Cow::Borrowed(&issued.thing),
        extra,
        created_at: issued.created_at,
        updated_at: issued.updated_at,
    };
    versioned::write(&kept)
}

/// What the body of a voucher's record says.
///
/// # Errors
/// When it was written by something else: a fault, not a refusal.
pub fn read(body: &[u8]) -> Result<Stored<Issued>, Refused> {
    let kept: Kept<'static> = versioned::read(body)?;
    let extra = match kept.extra.as_str() {
        "" => serde_json::Value::Null,
        text => crate::configuration::read(text.as_bytes())?,
    };
    Ok(Stored {
        thing: kept.thing.into_owned(),
        extra,
        created_at: kept.created_at,
        updated_at: kept.updated_at,
    })
}

impl Issued {
    /// Whose it is: bound to them by a decision, or given to them.
    #[must_use]
    pub fn holder(&self) -> Option<u64> {
        let given = self.published.map(|published| published.to);
        self.voucher.holder.or(given)
    }

    /// Whether it is one of its campaign's that nobody was given yet.
    fn is_free(&self) -> bool {
        self.own.is_none() && self.decision.is_none() && self.holder().is_none()
    }

    /// What it is, as the protocol calls it.
    #[must_use]
    pub fn kind(&self) -> VoucherType {
        match self.voucher.kind {
            VoucherKind::GiftCard { .. } => VoucherType::GiftVoucher,
            VoucherKind::LoyaltyCard { .. } => VoucherType::LoyaltyCard,
            VoucherKind::Discount => VoucherType::DiscountVoucher,
        }
    }

    /// From now on it is as it is now, whatever becomes of its campaign.
    pub fn keep_edition(&mut self, compiled: &Compiled) {
        if !self.keeps_edition() {
            self.edition = Some(compiled.editions.now(self.campaign));
        }
    }

    /// Whether an edit of its campaign leaves it as it is; a code that stands alone has none.
    #[must_use]
    pub fn keeps_edition(&self) -> bool {
        self.own.is_some() || self.edition.is_some()
    }

    /// Gives it to somebody, until its life is over where the campaign says how long it is.
    pub fn give(&mut self, to: u64, (at, until): (Timestamp, Option<Timestamp>)) {
        if until.is_some() {
            self.voucher.validity.until = until;
        }
        self.published = Some(Published {
            to,
            at,
            outlives: until.is_some(),
        });
    }

    /// The indexes that find it, by its campaign and by its holder.
    fn under(&self) -> [Index; 2] {
        match self.decision {
            Some(_) => [Index::GrantsOfCampaign, Index::GrantsOfCustomer],
            None => [Index::VouchersOfCampaign, Index::VouchersOfCustomer],
        }
    }
}

/// What a new voucher writes: itself, its code (which nobody else may have), and where it is found.
///
/// # Errors
/// A fault if it cannot be written down.
pub fn issue(issued: &Stored<Issued>) -> Result<Vec<Write>, Refused> {
    let voucher = &issued.thing.voucher;
    let id = voucher.id.0;
    let [of_campaign, of_holder] = issued.thing.under();
    let link = |index: Index, key: Vec<u8>| Write::Link { index, key, id };
    let mut writes = vec![
        Write::Put {
            kind: Kind::Voucher,
            id,
            body: write(issued)?,
        },
        link(Index::VoucherCode, voucher.code.as_bytes().to_vec()),
        link(of_campaign, key(issued.thing.campaign.0)),
    ];
    let holder = issued.thing.holder();
    writes.extend(holder.map(|holder| link(of_holder, key(holder))));
    if issued.thing.is_free() {
        let free = Index::UnpublishedOfCampaign;
        writes.push(link(free, key(issued.thing.campaign.0)));
    }
    let is_card = matches!(voucher.kind, VoucherKind::LoyaltyCard { .. });
    let card = holder.filter(|_| is_card);
    writes.extend(card.map(|holder| link(Index::CardsOfCustomer, key(holder))));
    let is_gift = voucher.is_gift_card();
    let lapses = voucher.validity.until.filter(|_| is_gift);
    writes.extend(lapses.map(|until| jobs::lapsing(until, id)));
    Ok(writes)
}

/// What a voucher writes that was there before and was just given to somebody.
///
/// # Errors
/// A fault if it cannot be written down.
pub fn given(issued: &Stored<Issued>) -> Result<Vec<Write>, Refused> {
    let id = issued.thing.voucher.id.0;
    let is_own = issued.thing.own.is_some();
    let unlink = (!is_own).then(|| Write::Unlink {
        index: Index::UnpublishedOfCampaign,
        key: key(issued.thing.campaign.0),
        id,
    });
    // The same as a new one's, but that nobody else can have its code.
    let is_new = |write: &Write| !matches!(write, Write::Link { index, .. } if index.is_unique());
    let mut writes = issue(issued)?;
    writes.retain(is_new);
    writes.extend(unlink);
    Ok(writes)
}

/// What removes a voucher. Of one that was granted the customer's link stays: it finds the decision
/// too, and whoever was erased meanwhile is not linked anew.
#[must_use]
pub fn removal(issued: &Issued) -> Vec<Write> {
    let voucher = &issued.voucher;
    let id = voucher.id.0;
    let [of_campaign, of_holder] = issued.under();
    let unlink = |index: Index, key: Vec<u8>| Write::Unlink { index, key, id };
    let mut writes = vec![
        Write::Delete {
            kind: Kind::Voucher,
            id,
        },
        unlink(Index::VoucherCode, voucher.code.as_bytes().to_vec()),
        unlink(of_campaign, key(issued.campaign.0)),
    ];
    if issued.is_free() {
        let free = Index::UnpublishedOfCampaign;
        writes.push(unlink(free, key(issued.campaign.0)));
    }
    let holder = issued.holder().map(key);
    let is_card = matches!(voucher.kind, VoucherKind::LoyaltyCard { .. });
    let card = holder.clone().filter(|_| is_card);
    writes.extend(card.map(|holder| unlink(Index::CardsOfCustomer, holder)));
    writes.extend(match issued.decision {
        Some(id) => Some(Write::Link {
            index: Index::DecisionsOfOffer,
            key: key(voucher.offer.0),
            id,
        }),
        None => holder.map(|holder| unlink(of_holder, holder)),
    });
    writes
}

/// What is told of a code of a campaign that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    pub kind: VoucherKind,
    pub created_at: Timestamp,
    pub at: Timestamp,
    /// What was left on the card.
    pub left: Minor,
}

impl Versioned for Removed {
    const NAME: &'static str = "code that is gone";
}

/// What keeps in mind that a code of a campaign was there.
///
/// # Errors
/// Never for what is stored; a fault if it happens.
pub fn remembered(issued: &Issued, removed: &Removed) -> Result<[Write; 2], Refused> {
    let id = issued.voucher.id.0;
    Ok([
        Write::Put {
            kind: Kind::Removed,
            id,
            body: versioned::write(removed)?,
        },
        Write::Link {
            index: Index::RemovedOfCampaign,
            key: key(issued.campaign.0),
            id,
        },
    ])
}

/// The indexes that find the vouchers of a campaign, granted or made by hand.
pub const OF_CAMPAIGN: [Index; 2] = [Index::GrantsOfCampaign, Index::VouchersOfCampaign];

/// The indexes that find the vouchers held under one number of a customer.
pub const OF_HOLDER: [Index; 2] = [Index::GrantsOfCustomer, Index::VouchersOfCustomer];

/// How many vouchers a campaign has.
///
/// # Errors
/// When the store cannot be read.
pub async fn count(view: &mut View, campaign: CampaignId) -> Result<u64, Refused> {
    let key = key(campaign.0);
    let mut all = 0;
    for index in OF_CAMPAIGN {
        all += view.count(index, &key).await?;
    }
    Ok(all)
}

/// A stretch of what two indexes find under one id, as if they were one.
///
/// # Errors
/// When the store cannot be read.
pub async fn under_both(
    view: &mut View,
    [one, other]: [Index; 2],
    (of, page): (u64, Page),
) -> Result<Vec<u64>, Refused> {
    let of = key(of);
    let mut found = view.find(one, &of, page).await?;
    found.extend(view.find(other, &of, page).await?);
    found.sort_unstable();
    found.dedup();
    if page.newest_first {
        found.reverse();
    }
    found.truncate(page.limit as usize);
    Ok(found)
}

/// An id as a key of an index.
#[must_use]
pub fn key(id: u64) -> Vec<u8> {
    id.to_be_bytes().to_vec()
}
