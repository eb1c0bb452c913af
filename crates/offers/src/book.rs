//! Which transfers is a happening? The one place that knows both promotions and accounts.

mod movements;
mod order;

use std::collections::BTreeMap;

use ledger::{
    AccountId, Asset, Kind, Limit, Opening, Part, Transfer, TransferId, reverse_part, reverse_sum,
};

pub use movements::{CountedOrder, GiftCard, Points};
pub use order::OrderCount;

use crate::chart::{self, AccountKind, Counter, Occasion, Reason, TierTally, counters, empty};
use crate::{
    Campaign, CapUnit, CardMove, Commitment, Counted, Loan, Lot, Minor, OfferId, PointsCard,
    Rewarded, Spent, Timestamp, UnitsLeft, Voucher, unit_cap::by_account,
};

/// Something that moves value, or promises to.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// What a budget or a cap allows was changed; told in the same command that changes it.
    Funded {
        counter: &'a Counter,
        before: Minor,
        after: Minor,
    },
    /// Parts of a limit move between the account that lends and the slices of processes.
    Lent {
        loans: &'a [Loan],
    },
    /// An offer was chosen for a customer: a touch; and, where the campaign guarantees its
    /// grants, a hold of one use and of what it may cost at most, until the grant ends.
    Granted {
        given: &'a Given<'a>,
        occasion: &'a Occasion,
        until: Timestamp,
    },
    /// An order was priced: what is limited is held until then.
    Validated {
        checkout: &'a Checkout<'a>,
        expires_at: Timestamp,
    },
    /// An order was paid: what was held is posted, and what was not is moved directly.
    Redeemed {
        checkout: &'a Checkout<'a>,
    },
    /// Holds are let go before their time.
    Released {
        held: &'a [Transfer],
        now: Timestamp,
    },
    /// What a redemption, or any other chain, moved goes back, whole or in part.
    RolledBack {
        posted: &'a [Transfer],
        part: Part,
    },
    GiftLoaded {
        card: &'a GiftCard,
        amount: Minor,
    },
    /// Money is taken off a gift card again by the shop.
    GiftWithdrawn {
        card: &'a GiftCard,
        amount: Minor,
    },
    GiftLapsed {
        card: &'a GiftCard,
        left: Minor,
    },
    /// Points of a card move for one reason.
    PointsMoved {
        card: &'a PointsCard,
        lots: &'a [Lot],
        way: CardMove,
    },
    /// Points bought a reward.
    Rewarded {
        reward: &'a Rewarded<'a>,
    },
    /// An order of a customer in an experiment counts.
    Counted {
        order: &'a CountedOrder,
    },
}

/// What one redeemable gives on an order. One that gives nothing takes no use, except that a
/// guaranteed grant always holds one.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    pub campaign: &'a Campaign,
    pub voucher: Option<&'a Voucher>,
    /// What it was given through where that is no code: what came of it is counted.
    pub tier: Option<OfferId>,
    /// Taken off the order, in minor units; for a grant, the most it can come to.
    pub discount: Minor,
    /// Paid from the gift balance of the voucher, in minor units.
    pub gift: Minor,
    pub order: OrderCount<'a>,
    /// What of it counts towards caps on units, and those caps.
    pub units: (&'a [Counted], &'a [UnitsLeft]),
    /// Units given for nothing, also those whose price nobody told: they take a use.
    pub free_units: u32,
    /// Earned by the order, owed to its customer.
    pub points: Option<Points>,
    /// Points of a card that paid for it.
    pub spent: Option<Spent<'a>>,
}

/// An order at the till: what is given on it, in order of the stack.
#[derive(Clone, Copy, Debug)]
pub struct Checkout<'a> {
    pub given: &'a [Given<'a>],
    pub occasion: &'a Occasion,
    /// Pending transfers made for it before: by its reservation, by guaranteed grants. Those
    /// whose time has come are as if they were not there.
    pub held: &'a [Transfer],
}

/// What the ledger is asked to do: open what is missing, then apply the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Booking {
    pub openings: Vec<Opening>,
    pub chain: Vec<Transfer>,
}

/// The transfers that a happening is, under a chain number that the caller chooses once, so that
/// a retry names the same transfers. What moves nothing is an empty chain.
#[must_use]
pub fn book(happening: &Happening<'_>, chain: u64) -> Booking {
    let mut page = Page::of(chain);
    match *happening {
        Happening::Funded {
            counter,
            before,
            after,
        } => page.fund(counter, before, after),
        Happening::Lent { loans } => loans.iter().for_each(|loan| page.lend(loan)),
        Happening::Granted {
            given,
            occasion,
            until,
        } => page.grant(given, occasion, until),
        Happening::Validated {
            checkout,
            expires_at,
        } => page.validate(checkout, expires_at),
        Happening::Redeemed { checkout } => page.redeem(checkout),
        Happening::Released { held, now } => page.release(&alive(held, now)),
        Happening::RolledBack { posted, part } => page.roll_back(posted, part),
        Happening::GiftLoaded { card, amount } => page.direct(&card.load(amount)),
        Happening::GiftWithdrawn { card, amount } => page.direct(&card.load(amount).back()),
        Happening::GiftLapsed { card, left } => page.direct(&card.lapse(left)),
        Happening::PointsMoved { card, lots, way } => {
            let moves = lots.iter().map(|lot| card.movement(*lot, way));
            moves.for_each(|movement| page.direct(&movement));
        }
        Happening::Rewarded { reward } => {
            let moves = reward.movements();
            moves.iter().for_each(|movement| page.direct(movement));
        }
        Happening::Counted { order } => page.count(order),
    }
    page.into_booking()
}

impl Booking {
    /// One booking after another, to be applied together.
    #[must_use]
    pub fn then(mut self, next: Booking) -> Booking {
        self.openings.extend(next.openings);
        self.chain.extend(next.chain);
        self
    }
}

impl Checkout<'_> {
    /// The most that may be taken off for one redeemable: what was held for it. `None` where
    /// nothing was, and only what is left of the limits counts. Whoever prices for a redemption
    /// prices within it: the ledger refuses to post more than was held.
    #[must_use]
    pub fn ceiling(&self, given: &Given<'_>) -> Option<Minor> {
        let mut held = alive(self.held, self.occasion.at);
        let limits = counters(given.campaign, given.voucher, self.occasion);
        let money = limits
            .iter()
            .filter(|counter| counter.cap.unit == CapUnit::Money);
        let holds = money.filter_map(|counter| {
            take_hold(&mut held, counter.account.id, given.discount).map(|hold| hold.amount)
        });
        holds.min()
    }
}

/// One movement on its way into a chain.
pub(crate) struct Movement {
    pub(crate) debit: Opening,
    pub(crate) credit: Opening,
    pub(crate) amount: Minor,
    pub(crate) reason: Reason,
}

impl Movement {
    fn back(self) -> Movement {
        Movement {
            debit: self.credit,
            credit: self.debit,
            ..self
        }
    }

    /// Only what is limited need be held: the rest cannot run out.
    fn can_run_out(&self) -> bool {
        self.debit.limit != Limit::None
    }

    /// Whether it is more than was held of a limit that does not bound the price: the order grew
    /// since, and what it costs more comes out of what is left.
    fn may_pass(&self, hold: &Transfer) -> bool {
        let is_count = matches!(
            self.reason,
            Reason::OrderCounted | Reason::CreditCounted | Reason::UnitsCounted
        );
        is_count && self.amount > hold.amount
    }
}

/// A booking being written.
struct Page {
    number: u64,
    openings: BTreeMap<AccountId, Opening>,
    chain: Vec<Transfer>,
}

impl Page {
    fn of(number: u64) -> Page {
        Page {
            number,
            openings: BTreeMap::new(),
            chain: Vec::new(),
        }
    }

    fn into_booking(self) -> Booking {
        Booking {
            openings: self.openings.into_values().collect(),
            chain: self.chain,
        }
    }

    /// Opened with what it allowed before, so that the change is right wherever it is opened.
    fn fund(&mut self, counter: &Counter, before: Minor, after: Minor) {
        let Some((_, source, code)) = counter.account.funding else {
            return;
        };
        let account = Opening {
            funding: Some((before, source, code)),
            ..counter.account
        };
        let reason = Reason::of(code).unwrap_or(Reason::CapSet);
        let source = Opening {
            id: source,
            limit: Limit::None,
            funding: None,
            ..account
        };
        let raise = Movement {
            debit: source,
            credit: account,
            amount: after.abs_diff(before),
            reason,
        };
        self.direct(&if after < before { raise.back() } else { raise });
    }

    fn lend(&mut self, loan: &Loan) {
        let whole = loan.counter.whole();
        let part = |process| match process {
            0 => whole,
            _ => Opening {
                id: chart::slice(whole.id, process),
                funding: None,
                ..whole
            },
        };
        for one in &loan.moves {
            self.direct(&Movement {
                debit: part(one.from),
                credit: part(one.to),
                amount: one.amount,
                reason: Reason::Lent,
            });
        }
    }

    fn grant(&mut self, given: &Given<'_>, occasion: &Occasion, until: Timestamp) {
        for counter in counters(given.campaign, given.voucher, occasion) {
            if counter.cap.unit == CapUnit::Touches {
                self.direct(&counter.movement(1));
            }
        }
        if given.campaign.commitment == Commitment::Guaranteed {
            // A promise is of a use, also where its worth is no money or not known yet.
            for movement in given.movements(occasion) {
                if movement.can_run_out() {
                    self.write(&movement, Kind::Pending { expires_at: until });
                }
            }
        }
    }

    fn validate(&mut self, checkout: &Checkout<'_>, expires_at: Timestamp) {
        let mut held = alive(checkout.held, checkout.occasion.at);
        for movement in checkout.movements().filter(Movement::can_run_out) {
            if take_hold(&mut held, movement.debit.id, movement.amount).is_none() {
                self.write(&movement, Kind::Pending { expires_at });
            }
        }
    }

    fn redeem(&mut self, checkout: &Checkout<'_>) {
        let mut held = alive(checkout.held, checkout.occasion.at);
        for movement in checkout.movements() {
            match take_hold(&mut held, movement.debit.id, movement.amount) {
                Some(hold) if movement.may_pass(&hold) => {
                    self.release(&[hold]);
                    self.direct(&movement);
                }
                Some(hold) => self.settle(&hold, movement.amount, Kind::Post { pending: hold.id }),
                None => self.direct(&movement),
            }
        }
        self.release(&held);
    }

    fn release(&mut self, held: &[Transfer]) {
        for hold in held {
            self.settle(hold, hold.amount, Kind::Void { pending: hold.id });
        }
    }

    /// Points are spent by the day on which they lapse: they go back as one amount, so that no
    /// part is lost by being divided by days.
    fn roll_back(&mut self, posted: &[Transfer], part: Part) {
        let spent = Reason::PointsSpent.code();
        let is_spent = |transfer: &&Transfer| transfer.code == spent;
        let (lots, rest): (Vec<&Transfer>, Vec<&Transfer>) = posted.iter().partition(is_spent);
        let of = |some: Vec<&Transfer>| some.into_iter().copied().collect::<Vec<_>>();
        let rest = reverse_part(&of(rest), part, self.number);
        let lots = reverse_sum(&of(lots), part, self.number);
        for transfer in rest.into_iter().chain(lots) {
            let id = self.next_id();
            self.chain.push(Transfer { id, ..transfer });
        }
    }

    fn count(&mut self, order: &CountedOrder) {
        for movement in order.movements() {
            self.direct(&movement);
        }
    }

    fn direct(&mut self, movement: &Movement) {
        self.write(movement, Kind::Direct);
    }

    fn write(&mut self, movement: &Movement, kind: Kind) {
        if movement.amount == 0 {
            return;
        }
        for opening in [movement.debit, movement.credit] {
            self.openings.entry(opening.id).or_insert(opening);
        }
        let transfer = Transfer {
            id: self.next_id(),
            debit: movement.debit.id,
            credit: movement.credit.id,
            amount: movement.amount,
            code: movement.reason.code(),
            kind,
        };
        self.chain.push(transfer);
    }

    fn settle(&mut self, hold: &Transfer, amount: Minor, kind: Kind) {
        let id = self.next_id();
        self.chain.push(Transfer {
            id,
            amount,
            kind,
            ..*hold
        });
    }

    fn next_id(&self) -> TransferId {
        let line = u32::try_from(self.chain.len()).unwrap_or(u32::MAX);
        TransferId {
            chain: self.number,
            line,
        }
    }
}

impl Checkout<'_> {
    fn movements(&self) -> impl Iterator<Item = Movement> {
        let giving = self.given.iter().filter(|given| !given.is_nothing());
        giving.flat_map(|given| given.movements(self.occasion))
    }
}

impl Given<'_> {
    /// Whether nothing moves by it.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        let has_points = self.points.is_some_and(|points| points.amount > 0);
        let has_spent = self.spent.is_some_and(|spent| spent.points > 0);
        let is_free = self.discount == 0 && self.gift == 0 && self.free_units == 0;
        is_free && !has_points && !has_spent
    }

    /// First what counts, then the money, then what is owed afterwards.
    fn movements(&self, occasion: &Occasion) -> Vec<Movement> {
        let limits = counters(self.campaign, self.voucher, occasion);
        let has_budget = limits
            .iter()
            .any(|counter| counter.reason == Reason::Discount);
        let mut movements: Vec<Movement> = limits
            .iter()
            .filter_map(|counter| match counter.cap.unit {
                CapUnit::Uses => Some(counter.movement(1)),
                CapUnit::Money => Some(counter.movement(self.discount)),
                CapUnit::Touches => None,
                CapUnit::Orders => Some(counter.movement(self.order.on(counter))),
                CapUnit::Credit => Some(counter.movement(self.gift)),
            })
            .collect();
        movements.extend(self.counted());
        movements.extend(self.of_tier(occasion).into_iter().flatten());
        if !has_budget {
            movements.push(self.unlimited_discount(occasion));
        }
        let card = self.voucher.map(|voucher| GiftCard {
            campaign: self.campaign.id,
            voucher: voucher.id,
            currency: self.campaign.currency,
        });
        movements.extend(card.map(|card| card.spend(self.gift)));
        movements.extend(self.spent.iter().flat_map(Spent::movements));
        let earned = occasion.customer.zip(self.points);
        movements.extend(earned.map(|(customer, points)| points.earn(customer)));
        movements
    }

    /// Units of one cap are one movement, from however many lines.
    fn counted(&self) -> impl Iterator<Item = Movement> {
        let (counted, caps) = self.units;
        let all = by_account(counted).into_iter();
        all.filter_map(|(account, units)| {
            let mut caps = caps.iter().map(|cap| &cap.counter);
            let counter = caps.find(|counter| counter.account.id == account)?;
            Some(counter.movement(units))
        })
    }

    /// How often a tier was used, what it took off and what those orders cost.
    fn of_tier(&self, occasion: &Occasion) -> Option<[Movement; 3]> {
        let tally = TierTally::new(self.tier?, (self.campaign, occasion));
        Some([
            tally.movement(CapUnit::Uses, 1),
            tally.movement(CapUnit::Money, self.discount),
            tally.movement(CapUnit::Orders, self.order.amount),
        ])
    }

    /// Without a budget the money has no account of its own but one per party, so that no two
    /// customers meet in a row.
    fn unlimited_discount(&self, occasion: &Occasion) -> Movement {
        let (campaign, party) = (self.campaign.id, occasion.party());
        let asset = Asset::Currency(self.campaign.currency);
        let given = chart::discount_given(campaign, party);
        Movement {
            debit: empty(AccountKind::Funding, chart::funding(campaign, party), asset),
            credit: empty(AccountKind::DiscountGiven, given, asset),
            amount: self.discount,
            reason: Reason::Discount,
        }
    }
}

impl TierTally<'_> {
    fn movement(&self, unit: CapUnit, amount: Minor) -> Movement {
        let (debit, credit, reason) = self.sides(unit);
        Movement {
            debit,
            credit,
            amount,
            reason,
        }
    }
}

impl Counter {
    pub(crate) fn movement(&self, amount: Minor) -> Movement {
        Movement {
            debit: self.account,
            credit: self.used,
            amount,
            reason: self.reason,
        }
    }
}

/// The holds whose time has not come.
fn alive(held: &[Transfer], now: Timestamp) -> Vec<Transfer> {
    let holds = held
        .iter()
        .filter(|hold| matches!(hold.kind, Kind::Pending { .. }));
    holds
        .filter(|hold| !hold.is_overdue(now))
        .copied()
        .collect()
}

/// Takes from the list the hold that fits an amount best: the smallest that suffices, else the
/// largest.
fn take_hold(held: &mut Vec<Transfer>, debit: AccountId, amount: Minor) -> Option<Transfer> {
    let fitting = held
        .iter()
        .enumerate()
        .filter(|(_, hold)| chart::stands_for(hold, debit));
    let best = fitting.min_by_key(|(_, hold)| (hold.amount < amount, hold.amount.abs_diff(amount)));
    best.map(|(index, _)| index).map(|index| held.remove(index))
}

#[cfg(test)]
pub(crate) mod tests;
