//! How is an order priced, held, paid and taken back?

use decision::GrantState;
use ledger::{AccountId, Kind as TransferKind, Part, Rejection, Transfer};
use offers::{
    Asking, Booking, Campaign, Candidate, CapUnit, Checkout, Discount, Given, Happening, LeftOut,
    Minor, Offer, Order, OrderCount, Points, Presented, Priced, Redeemable, Refusal, Room,
    StackingRules, Timestamp, Voucher, VoucherKind, best,
    chart::{self, counters},
    quote,
};
use profiles::{CustomerId, Kind};
use rules::Facts;

use super::people::{bought, counted, order};
use super::{HELD_MS, Memory, fault, rejected};
use crate::story::world::{self, Answer, Brought, Quoted, Taken};

/// What is put forward with an order: a campaign's own offer, or a code.
#[derive(Clone)]
pub(super) struct Put {
    by: String,
    offer: Offer,
    pub(super) campaign: Campaign,
    voucher: Option<Voucher>,
}

/// An order as it was validated.
pub(super) struct Kept {
    customer: CustomerId,
    pub(super) order: Order,
    pub(super) bill: Bill,
    /// Its own holds; those of grants stay with the grants.
    holds: Vec<Transfer>,
    until: Timestamp,
    pub(super) paid: Option<Paid>,
}

/// What an order costs and what each redeemable gives.
#[derive(Clone)]
pub(super) struct Bill {
    pub(super) applied: Vec<(Put, Discount)>,
    refused: Vec<(String, Refusal)>,
    pub(super) priced: Priced,
}

pub(super) struct Paid {
    booking: Booking,
    /// The chain that counted it in the experiment.
    counted: u64,
    /// List price of the goods that came back.
    pub(super) back: Minor,
}

/// An order at the till, before anything is moved.
struct Till<'a> {
    customer: CustomerId,
    order: &'a Order,
    /// What is held for it already, by grants.
    held: &'a [Transfer],
    number: u64,
}

impl Memory {
    pub(super) fn hold(
        &mut self,
        who: &str,
        goods: &world::Order,
        brought: &[Brought],
    ) -> Answer<Quoted> {
        let customer = self.customer(who);
        let number = goods.number;
        if let Some(before) = self.orders.get(&number) {
            if before.paid.is_some() {
                return Err(fault(format!("order {number} is paid")));
            }
            self.release(number)?;
        }
        let order = self.order(goods);
        let (puts, unknown) = self.put_forward(brought);
        let held = self.held_by_grants(customer, &puts);
        let till = Till {
            customer,
            order: &order,
            held: &held,
            number,
        };
        let until = self.now.saturating_add(HELD_MS);
        let (mut bill, booking) = self.validate_within_limits(&till, &puts, until)?;
        bill.refused.extend(unknown);
        let holds = booking.chain;
        let quoted = bill.quoted((!holds.is_empty()).then_some(until));
        let kept = Kept {
            customer,
            order,
            bill,
            holds,
            until,
            paid: None,
        };
        self.orders.insert(number, kept);
        Ok(quoted)
    }

    /// The order, and what the catalogue says of the price of what may join it.
    fn order(&self, goods: &world::Order) -> Order {
        Order {
            prices: self.prices.clone(),
            ..order(goods)
        }
    }

    /// Every offer that needs no code, then the codes; those that nobody knows are refused.
    fn put_forward(&self, brought: &[Brought]) -> (Vec<Put>, Vec<(String, Refusal)>) {
        let put = |offer: &Offer, voucher: Option<&Voucher>| {
            let (_, campaign) = self.offer(offer.id)?;
            let is_card = voucher.filter(|one| matches!(one.kind, VoucherKind::GiftCard { .. }));
            let by = is_card.map_or(&offer.name, |card| &card.code);
            Some(Put {
                by: by.to_string(),
                offer: offer.clone(),
                campaign: campaign.clone(),
                voucher: voucher.cloned(),
            })
        };
        let tiers = self.setup.offers.iter().filter(|offer| offer.is_tier);
        let mut puts: Vec<Put> = tiers.filter_map(|offer| put(offer, None)).collect();
        let mut unknown = Vec::new();
        for Brought { code, .. } in brought {
            let voucher = self.voucher(code);
            let known = voucher.and_then(|voucher| {
                let (offer, _) = self.offer(voucher.offer)?;
                put(offer, Some(voucher))
            });
            match known {
                Some(known) => puts.push(known),
                None => unknown.push((code.clone(), Refusal::NotFound)),
            }
        }
        (puts, unknown)
    }

    fn held_by_grants(&self, customer: CustomerId, puts: &[Put]) -> Vec<Transfer> {
        let person = self.people.get(&customer);
        let grants = person.into_iter().flat_map(|person| &person.grants);
        let open = grants.filter(|one| one.grant.state == GrantState::Open);
        let used = open.filter(|one| {
            puts.iter().any(|put| {
                put.offer.id == one.grant.offer
                    && put.voucher.as_ref().map(|voucher| voucher.id) == one.voucher
            })
        });
        used.flat_map(|promised| promised.holds.clone()).collect()
    }

    /// Prices and holds; what the ledger has no room for is refused, and the rest priced again.
    fn validate_within_limits(
        &mut self,
        till: &Till<'_>,
        puts: &[Put],
        until: Timestamp,
    ) -> Answer<(Bill, Booking)> {
        let mut puts = puts.to_vec();
        let mut refused: Vec<(String, Refusal)> = Vec::new();
        loop {
            let mut bill = self.price(till, &puts);
            let chain = self.next_id();
            let booking = self.booked(till, &bill, |checkout| {
                let validated = Happening::Validated {
                    checkout,
                    expires_at: until,
                };
                offers::book(&validated, chain)
            });
            match self.apply(&booking) {
                Ok(()) => {
                    bill.refused.extend(refused);
                    return Ok((bill, booking));
                }
                Err((_, Rejection::LimitReached(account))) => {
                    let (by, refusal) = self.over_limit(till, &bill, account)?;
                    puts.retain(|put| put.by != by);
                    refused.push((by, refusal));
                }
                Err(other) => return Err(rejected(other)),
            }
        }
    }

    /// The last of the stack that takes from an account that has too little.
    fn over_limit(
        &self,
        till: &Till<'_>,
        bill: &Bill,
        account: AccountId,
    ) -> Answer<(String, Refusal)> {
        let occasion = self.occasion(till.customer, till.number);
        let takes = |put: &Put| {
            let limits = counters(&put.campaign, put.voucher.as_ref(), &occasion);
            let card = put.voucher.as_ref();
            limits.iter().any(|limit| limit.account.id == account)
                || card.is_some_and(|card| chart::gift_balance(card.id) == account)
        };
        let last = bill.applied.iter().rfind(|(put, _)| takes(put));
        let (put, _) = last.ok_or_else(|| fault("nothing took from the limit that is reached"))?;
        let refusal = chart::refusal(account).ok_or_else(|| fault("no cap, but a limit"))?;
        Ok((put.by.clone(), refusal))
    }

    /// Searched and priced, within what the limits have left.
    pub(super) fn find_best(
        &mut self,
        who: &str,
        goods: &world::Order,
        brought: &[Brought],
    ) -> Answer<Quoted> {
        let customer = self.customer(who);
        let order = self.order(goods);
        let (puts, unknown) = self.put_forward(brought);
        let till = Till {
            customer,
            order: &order,
            held: &self.held_by_grants(customer, &puts),
            number: goods.number,
        };
        let asking = Asking {
            customer: Some(customer.0),
            now: self.now,
        };
        let candidates: Vec<Candidate<'_>> = puts
            .iter()
            .map(|put| Candidate {
                presented: self.presented(&till, put),
                limits: self.rooms(&till, put),
            })
            .collect();
        let rules = StackingRules::usual();
        let facts = self.facts(customer);
        let found = best(&order, &facts, &candidates, (asking, &rules));
        let places = found.chosen.places.iter();
        let chosen: Vec<Put> = places.filter_map(|at| puts.get(*at).cloned()).collect();
        let mut quoted = self.price(&till, &chosen).quoted(None);
        let others = puts.iter().enumerate();
        for (_, put) in others.filter(|(at, _)| !found.chosen.places.contains(at)) {
            let why = self.why_not(&till, (put, &chosen));
            quoted.refused.push((put.by.clone(), why.code().to_owned()));
        }
        let unknown = unknown.into_iter();
        let unknown = unknown.map(|(by, refusal)| (by, refusal.code().to_owned()));
        quoted.refused.extend(unknown);
        Ok(quoted)
    }

    fn why_not(&self, till: &Till<'_>, (put, chosen): (&Put, &[Put])) -> LeftOut {
        let with = [chosen, std::slice::from_ref(put)].concat();
        let tried = [
            self.price(till, std::slice::from_ref(put)),
            self.price(till, &with),
        ];
        let refused = tried.iter().find_map(|bill| {
            let mut refused = bill.refused.iter();
            refused.find(|(by, _)| *by == put.by)
        });
        let rooms = self.rooms(till, put);
        let alone = tried.first().map_or(0, Bill::discount);
        let spent = rooms.iter().find(|room| match room.unit {
            CapUnit::Uses => room.left == 0,
            CapUnit::Money => room.left < alone && !room.grant_remainder,
            CapUnit::Touches | CapUnit::Orders | CapUnit::Credit => false,
        });
        match (refused, spent.and_then(|room| chart::refusal(room.account))) {
            _ if put.card().is_some() => LeftOut::Pays,
            (Some((_, refusal)), _) => LeftOut::Refused(refusal.clone()),
            (None, Some(refusal)) => LeftOut::Refused(refusal),
            (None, None) => LeftOut::SavesLess(0),
        }
    }

    fn rooms(&self, till: &Till<'_>, put: &Put) -> Vec<Room> {
        let occasion = self.occasion(till.customer, till.number);
        let limits = counters(&put.campaign, put.voucher.as_ref(), &occasion);
        let rooms = limits.iter().map(|limit| Room {
            account: limit.account.id,
            unit: limit.cap.unit,
            left: limit.left(self.book.accounts.get(&limit.account.id)),
            grant_remainder: limit.cap.grant_remainder,
        });
        rooms.collect()
    }

    fn presented<'p>(&self, till: &Till<'_>, put: &'p Put) -> Presented<'p> {
        Presented {
            redeemable: put.redeemable(),
            offer: &put.offer,
            campaign: &put.campaign,
            voucher: put.voucher.as_ref(),
            category: None,
            own: Facts::NONE,
            at_most: self.at_most(till, put),
            units: None,
        }
    }

    fn price(&self, till: &Till<'_>, puts: &[Put]) -> Bill {
        let presented = puts.iter().map(|put| self.presented(till, put));
        let asking = Asking {
            customer: Some(till.customer.0),
            now: self.now,
        };
        let facts = self.facts(till.customer);
        let outcome = quote(
            till.order,
            &facts,
            presented.collect(),
            (asking, &StackingRules::usual()),
        );
        let named = |redeemable: Redeemable| puts.iter().find(|put| put.redeemable() == redeemable);
        let discounts = outcome.priced.discounts.iter();
        let applied = discounts
            .filter_map(|discount| Some((named(discount.redeemable)?.clone(), discount.clone())));
        let refused = outcome.refused.into_iter();
        let refused = refused
            .filter_map(|(redeemable, refusal)| Some((named(redeemable)?.by.clone(), refusal)));
        Bill {
            applied: applied.collect(),
            refused: refused.collect(),
            priced: outcome.priced,
        }
    }

    /// The balance of a gift card; what a grant holds; or what a budget that grants its remainder
    /// still has.
    fn at_most(&self, till: &Till<'_>, put: &Put) -> Option<Minor> {
        let accounts = &self.book.accounts;
        if let Some(card) = put.card() {
            let account = accounts.get(&chart::gift_balance(card.id));
            return Some(account.and_then(ledger::Account::available).unwrap_or(0));
        }
        let occasion = self.occasion(till.customer, till.number);
        let checkout = Checkout {
            given: &[],
            occasion: &occasion,
            held: till.held,
        };
        let most = Given {
            campaign: &put.campaign,
            voucher: put.voucher.as_ref(),
            tier: None,
            discount: put
                .offer
                .ceiling(Some(till.order), &self.facts(till.customer))
                .unwrap_or(0),
            gift: 0,
            order: OrderCount::default(),
            units: (&[], &[]),
            free_units: 0,
            points: None,
            spent: None,
        };
        checkout.ceiling(&most).or_else(|| {
            let limits = counters(&put.campaign, put.voucher.as_ref(), &occasion);
            let granting = limits.iter().filter(|limit| limit.cap.grant_remainder);
            let left = granting.map(|limit| limit.left(accounts.get(&limit.account.id)));
            left.min()
        })
    }

    fn booked(
        &self,
        till: &Till<'_>,
        bill: &Bill,
        of: impl FnOnce(&Checkout<'_>) -> Booking,
    ) -> Booking {
        let given: Vec<Given<'_>> = bill.applied.iter().map(given).collect();
        let occasion = self.occasion(till.customer, till.number);
        of(&Checkout {
            given: &given,
            occasion: &occasion,
            held: till.held,
        })
    }

    /// Posts what is held. Where the hold has lapsed, everything must still be as it was
    /// validated, or nothing moves. An order is paid once, however often that is said.
    pub(super) fn redeem(&mut self, who: &str, number: u64, _key: &str) -> Answer<Quoted> {
        let customer = self.customer(who);
        let unknown = || fault(format!("order {number} was not validated"));
        let kept = self.orders.get(&number).ok_or_else(unknown)?;
        if kept.customer != customer {
            return Err(fault(format!("order {number} is not {who}'s")));
        }
        if let Some(paid) = &kept.paid {
            let (again, quoted) = (paid.booking.clone(), kept.bill.quoted(None));
            // The same transfers under the same numbers: the ledger sees that it has them.
            self.apply(&again).map_err(rejected)?;
            return Ok(quoted);
        }
        let order = kept.order.clone();
        let mut bill = kept.bill.clone();
        let puts: Vec<Put> = bill.applied.iter().map(|(put, _)| put.clone()).collect();
        let mut held = self.held_by_grants(customer, &puts);
        let is_held = self.now < kept.until;
        held.extend(kept.holds.iter().copied());
        let till = Till {
            customer,
            order: &order,
            held: &held,
            number,
        };
        if !is_held {
            bill = self.price(&till, &puts);
        }
        if let Some((_, refusal)) = bill.refused.first().filter(|_| !is_held) {
            return Err(refusal.clone().into());
        }
        let chain = self.next_id();
        let booking = self.booked(&till, &bill, |checkout| {
            offers::book(&Happening::Redeemed { checkout }, chain)
        });
        match self.apply(&booking) {
            Ok(()) => self.is_paid(number, bill, booking),
            Err((_, Rejection::LimitReached(account))) => {
                Err(self.over_limit(&till, &bill, account)?.1.into())
            }
            Err(other) => Err(rejected(other)),
        }
    }

    fn is_paid(&mut self, number: u64, bill: Bill, booking: Booking) -> Answer<Quoted> {
        let unknown = || fault(format!("order {number} was not validated"));
        let kept = self.orders.get(&number).ok_or_else(unknown)?;
        let (customer, order) = (kept.customer, kept.order.clone());
        let discount = bill.discount();
        let total = bill.priced.total + bill.paid_by_card();
        let event = Kind::OrderCompleted(bought(&order, total, discount));
        self.admit(customer, event);
        let counted = self.count(customer, &counted(&order, (total, discount)))?;
        self.mark_grants(customer, &bill, GrantState::Redeemed);
        let quoted = bill.quoted(None);
        if let Some(kept) = self.orders.get_mut(&number) {
            kept.bill = bill;
            kept.holds = Vec::new();
            kept.paid = Some(Paid {
                booking,
                counted,
                back: 0,
            });
        }
        Ok(quoted)
    }

    fn mark_grants(&mut self, customer: CustomerId, bill: &Bill, state: GrantState) {
        let Some(person) = self.people.get_mut(&customer) else {
            return;
        };
        let now = self.now;
        for (put, _) in &bill.applied {
            let voucher = put.voucher.as_ref().map(|voucher| voucher.id);
            let mut grants = person.grants.iter_mut();
            let grant = grants.rfind(|one| {
                one.grant.offer == put.offer.id
                    && one.voucher == voucher
                    && one.grant.state != GrantState::Lapsed
            });
            if let Some(promised) = grant {
                promised.grant.state = match state {
                    GrantState::Open if promised.grant.until <= now => GrantState::Lapsed,
                    state => state,
                };
            }
        }
    }

    pub(super) fn release(&mut self, number: u64) -> Answer<()> {
        let chain = self.next_id();
        let unknown = || fault(format!("order {number} was not validated"));
        let kept = self.orders.get_mut(&number).ok_or_else(unknown)?;
        let held = std::mem::take(&mut kept.holds);
        kept.until = self.now;
        let released = Happening::Released {
            held: &held,
            now: self.now,
        };
        let booking = offers::book(&released, chain);
        self.apply(&booking).map_err(rejected)
    }

    pub(super) fn take_back(&mut self, number: u64, goods: Option<Minor>) -> Answer<()> {
        let unpaid = || fault(format!("order {number} is not paid"));
        let kept = self.orders.get(&number).ok_or_else(unpaid)?;
        let paid = kept.paid.as_ref().ok_or_else(unpaid)?;
        let (from, of) = (paid.back, kept.bill.priced.amount);
        let goods = goods.unwrap_or(of - from);
        let to = from + goods;
        if to > of {
            return Err(fault(format!("order {number} had no such goods left")));
        }
        let part = Part { from, to, of };
        let counted = self.chain(paid.counted);
        let posted = paid.booking.chain.clone();
        let (customer, bill) = (kept.customer, kept.bill.clone());
        for posted in [posted, counted] {
            let undone = Happening::RolledBack {
                posted: &posted,
                part,
            };
            let booking = offers::book(&undone, self.next_id());
            self.apply(&booking).map_err(rejected)?;
        }
        let total = bill.priced.total + bill.paid_by_card();
        let amount = total * to / of - total * from / of;
        let order_key = number;
        self.admit(customer, Kind::OrderRefunded { order_key, amount });
        if to == of {
            self.mark_grants(customer, &bill, GrantState::Open);
        }
        let kept = self.orders.get_mut(&number);
        if let Some(paid) = kept.and_then(|kept| kept.paid.as_mut()) {
            paid.back = to;
        }
        Ok(())
    }

    /// The lines of a chain that was applied.
    fn chain(&self, number: u64) -> Vec<Transfer> {
        let lines = self.book.applied.values();
        lines
            .filter(|line| line.id.chain == number && line.id.line < ledger::FUNDING_LINES)
            .filter(|line| line.kind == TransferKind::Direct)
            .copied()
            .collect()
    }
}

impl Put {
    fn redeemable(&self) -> Redeemable {
        match &self.voucher {
            Some(voucher) => Redeemable::Voucher(voucher.id),
            None => Redeemable::Tier(self.offer.id),
        }
    }

    fn card(&self) -> Option<&Voucher> {
        self.voucher.as_ref().filter(|one| one.is_gift_card())
    }
}

fn given((put, discount): &(Put, Discount)) -> Given<'_> {
    let (money, gift) = match put.card() {
        Some(_) => (0, discount.amount),
        None => (discount.amount, 0),
    };
    let programme = put.campaign.id.0;
    Given {
        campaign: &put.campaign,
        voucher: put.voucher.as_ref(),
        tier: put.voucher.is_none().then_some(put.offer.id),
        discount: money,
        gift,
        order: OrderCount::default(),
        units: (&[], &[]),
        free_units: discount.units(),
        points: (discount.points > 0).then_some(Points {
            programme,
            amount: discount.points,
        }),
        spent: None,
    }
}

impl Bill {
    /// What was taken off, gift cards left out: they pay.
    fn discount(&self) -> Minor {
        let discounts = self.applied.iter().filter(|(put, _)| put.card().is_none());
        discounts.map(|(_, discount)| discount.amount).sum()
    }

    fn paid_by_card(&self) -> Minor {
        let cards = self.applied.iter().filter(|(put, _)| put.card().is_some());
        cards.map(|(_, discount)| discount.amount).sum()
    }

    fn quoted(&self, held_until: Option<Timestamp>) -> Quoted {
        let taken = self.applied.iter().map(|(put, discount)| Taken {
            by: put.by.clone(),
            amount: discount.amount,
            lines: discount.per_line.clone(),
            points: discount.points,
        });
        let refused = self.refused.iter();
        Quoted {
            taken: taken.collect(),
            refused: refused
                .map(|(by, refusal)| (by.clone(), refusal.code().to_owned()))
                .collect(),
            total: self.priced.total,
            held_until,
        }
    }
}
