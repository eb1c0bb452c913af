//! What does a redemption write? The transfers, every record and the answer, as one command.

use offers::{Trigger, order_facts};
use rules::Reads;

use super::*;
use crate::{
    activity,
    api::{resources::At, shelving::shelved},
    checkout::{
        CardUse, Counting, Counts, Earlier, GiftCounts, OrderUse, PutBack, Sale, UsedCard,
        UsedVoucher,
    },
    compact::Compact,
    lending,
    loyalty::{Happened, Paid},
    membership::recheck::noting,
    referring::{By, Referred, Sign, refer},
};

/// A redemption that will succeed unless somebody is faster.
pub(super) struct Using<'a> {
    pub(super) app: &'a App,
    pub(super) request: &'a RedemptionRequest,
    pub(super) quote: &'a Quote,
    /// The redemption, or the parent of several.
    pub(super) top: u64,
    pub(super) order: Option<u64>,
}

impl<'a> Using<'a> {
    pub(super) async fn commit(
        &self,
        mut till: Till<'_>,
        once: Option<once::Key>,
    ) -> Result<Option<Answer>, Refused> {
        let referrer = self.referrer(&mut till).await?;
        self.keep_customer(&mut till)?;
        let counts = self.counts(&mut till).await?;
        let (mut booking, made) = self.uses(&till, counts)?;
        let earning = self.earning(&mut till).await?;
        booking = booking.then(earning.booking);
        let top = self.top(&till, (&made, referrer))?;
        let children: &[Redemption] = if self.is_alone() { &[] } else { &made };
        let answer = Answer::ok(&views::answer(&top, children)?)?;
        let mut writes = self.writes(&till, &top, children)?;
        writes.extend(earning.writes);
        writes.extend(self.told(&till, &answer)?);
        let mut expects = till.expects();
        expects.extend(earning.expects);
        let beside = self.beside(&mut till).await?;
        expects.extend(beside.expects);
        writes.extend(beside.writes);
        booking = booking.then(beside.booking);
        expects.extend(of_order(&till));
        writes.extend(first_uses(&till, self.quote)?);
        let lent = till.lent();
        let (project, now) = (till.project, till.now);
        let at = self.at(&till);
        let compiled = till.compiled.clone();
        let (of_people, changed) = webhooks::finished(till.people, (at, &compiled))?;
        expects.extend(of_people);
        let command = Command {
            project,
            now,
            // What is kept tells the answer again.
            once: once.map(|key| key.once_of(self.top)),
            expects,
            openings: booking.openings,
            chain: booking.chain,
            writes: [writes, changed].concat(),
        };
        // Whoever was faster took the limit, the order or the code: look again.
        let command = noting(self.app, command).await?;
        let outcome = lending::submit(self.app, command, &lent).await?;
        Ok(answer.after(outcome)?.ok())
    }

    /// Each use with what it moves, and what the session held for none of them let go first.
    fn uses(
        &self,
        till: &Till<'_>,
        counts: Vec<Counts>,
    ) -> Result<(Booking, Vec<Redemption>), Refused> {
        let (mut booking, mut made) = (Booking::default(), Vec::new());
        let mut counting = Counting::of(till);
        for ((found, discount), counts) in used(till, self.quote).zip(counts) {
            let id = match self.is_alone() {
                true => self.top,
                false => self.app.next_id()?,
            };
            let counted = counting.by((found, discount));
            let given = found.given((discount, counted.order()));
            let checkout = Checkout {
                given: std::slice::from_ref(&given),
                occasion: &till.occasion,
                held: &counted.held,
            };
            let happening = Happening::Redeemed {
                checkout: &checkout,
            };
            booking = booking.then(book(&happening, id));
            made.push(self.redemption(till, (found, discount), (id, counts))?);
        }
        let let_go = self.let_go((till, counting.rest()))?;
        Ok((let_go.then(booking), made))
    }

    /// What the order earns its customer.
    async fn earning(&self, till: &mut Till<'_>) -> Result<loyalty::Changes, Refused> {
        let (Some(order), Some(customer)) = (self.order, till.customer) else {
            return Ok(loyalty::Changes::default());
        };
        if !till.compiled.loyalty.is_earned_by(&Trigger::OrderPaid) {
            return Ok(loyalty::Changes::default());
        }
        let mut facts = till.facts.clone();
        facts.extend(order_facts(&till.order, &Reads::everything()));
        let happened = Happened {
            project: till.project,
            now: till.now,
            customer,
            card: None,
            what: Paid::Order(order, &self.quote.priced),
            facts: &facts,
        };
        let compiled = till.compiled.clone();
        loyalty::earn(self.app, (&mut till.people, &compiled), &happened).await
    }

    /// Who sent the customer: as the order says now, or as it said before.
    async fn referrer(&self, till: &mut Till<'_>) -> Result<Option<String>, Refused> {
        let said = self.request.order.as_ref().and_then(OrderInput::sender);
        let Some(said) = said else {
            return Ok(till.input.referrer_id.clone());
        };
        let compiled = till.compiled.clone();
        let said = (&said, till.now);
        let referrer = customers::taken_down(&mut till.people, said, &compiled.schemas).await?;
        Ok(Some(ids::format(Tag::Customer, referrer.0)))
    }

    fn at(&self, till: &Till<'_>) -> At<'a> {
        At {
            app: self.app,
            project: till.project,
            now: till.now,
        }
    }

    /// What a redemption brings about beside itself: referrals, and goods told to the catalogue.
    async fn beside(&self, till: &mut Till<'_>) -> Result<Referred, Refused> {
        let mut beside = self.referred(till).await?;
        if let Some(order) = &self.request.order {
            let goods = shelved(self.at(till), order).await?;
            beside.expects.extend(goods.expects);
            beside.writes.extend(goods.writes);
        }
        Ok(beside)
    }

    /// What the codes bring that refer others: whoever uses one joins, and where a redemption is
    /// what counts, the referee is rewarded.
    async fn referred(&self, till: &mut Till<'_>) -> Result<Referred, Refused> {
        let at = self.at(till);
        let compiled = till.compiled.clone();
        let mut by = Vec::new();
        for (found, _) in used(till, self.quote) {
            if let (Some(referral), Some((issued, _))) = (&found.referral, &found.issued) {
                by.push((issued.thing.clone(), referral.joined.clone()));
            }
        }
        by.sort_by_key(|(issued, _)| issued.campaign);
        by.dedup_by_key(|(issued, _)| issued.campaign);
        let mut all = Referred::default();
        for (issued, joined) in by {
            let campaign = compiled.campaigns.get(&issued.campaign);
            let (Some(customer), Some(campaign)) = (till.customer, campaign) else {
                continue;
            };
            let by = By {
                customer: customer.0,
                issued: &issued,
                campaign,
                joined,
                metadata: Compact::default(),
            };
            let one = refer(at, &mut till.people, (by, Sign::Redemption)).await?;
            all.take(one);
        }
        Ok(all)
    }

    /// What webhooks are told of each use.
    fn told(&self, till: &Till<'_>, answer: &Answer) -> Result<Vec<Write>, Refused> {
        let mut writes = Vec::new();
        if !till.compiled.webhooks.hear(Event::Redeemed) {
            return Ok(writes);
        }
        let view = answer.view()?;
        let uses = view.get("redemptions").and_then(|uses| uses.as_array());
        for one in uses.into_iter().flatten() {
            let told = webhooks::told(self.at(till), &till.compiled, (Event::Redeemed, one))?;
            writes.extend(told);
        }
        Ok(writes)
    }

    /// Whether one redeemable is used, and its redemption has no parent.
    fn is_alone(&self) -> bool {
        self.quote.applied().len() == 1
    }

    /// What the shop says of the customer, and the grants that are used up.
    fn keep_customer(&self, till: &mut Till<'_>) -> Result<(), Refused> {
        let Some(customer) = till.customer else {
            return Ok(());
        };
        let used: Vec<u64> = used(till, self.quote)
            .filter_map(|(found, _)| found.decision)
            .collect();
        let order = self.request.order.as_ref();
        let named = self.request.customer.as_ref();
        let named = named.or_else(|| order.and_then(|order| order.customer.as_ref()));
        let Some(person) = till.people.person(customer) else {
            return Ok(());
        };
        let before = customers::said(person)?;
        let mut said = before.clone();
        if let Some(named) = named {
            customers::merge(&mut said, named);
        }
        let is_told = said != before || person.source_id != said.source_id;
        let open = person.grants.iter();
        let is_granted = open.into_iter().any(|one| used.contains(&one.decision));
        if !is_told && !is_granted {
            return Ok(());
        }
        let body = String::from_utf8(write(&said)?).unwrap_or_default();
        if let Some(person) = till.people.person_mut(customer) {
            if is_told {
                person.traits = customers::stated(&person.traits, &said);
                person.source_id = said.source_id;
                person.extra = body;
            }
            for granted in &mut person.grants {
                if used.contains(&granted.decision) {
                    granted.grant.state = GrantState::Redeemed;
                }
            }
        }
        Ok(())
    }

    /// What the session holds for what is not used after all, and what else is not posted.
    fn let_go(
        &self,
        (till, mut rest): (&Till<'_>, Vec<ledger::Transfer>),
    ) -> Result<Booking, Refused> {
        let is_used = |redeemable: &Redeemable| {
            used(till, self.quote).any(|(found, _)| found.redeemable == *redeemable)
        };
        let unused = till.session_holds.iter().filter(|(one, _)| !is_used(one));
        rest.extend(unused.flat_map(|(one, _)| till.held_for(*one)));
        released(self.app, (&rest, till.now))
    }

    /// What the books say of each voucher once it is used.
    async fn counts(&self, till: &mut Till<'_>) -> Result<Vec<Counts>, Refused> {
        let mut asked = Vec::new();
        for (found, discount) in used(till, self.quote) {
            let left = found.limits.iter().find(|limit| {
                let cap = limit.counter.cap;
                cap.reach == offers::Reach::Code && cap.unit == offers::CapUnit::Uses
            });
            let limited = left.map(|limit| limit.counter.cap.limit.saturating_sub(limit.left));
            let voucher = found.voucher.as_ref().map(|voucher| voucher.id);
            let left = found.balance.saturating_sub(discount.amount);
            let gift = found.voucher.as_ref().filter(|one| one.is_gift_card());
            let gift = gift.map(|_| (found.campaign.id, discount.amount, left));
            asked.push((voucher, limited, gift));
        }
        let mut counts = Vec::new();
        for (voucher, limited, gift) in asked {
            let Some(voucher) = voucher else {
                counts.push(Counts::default());
                continue;
            };
            let view = till.people.view();
            let page = Page {
                after: 0,
                limit: COUNTED_USES,
                newest_first: false,
            };
            let used = match limited {
                Some(used) => used,
                None => {
                    let index = Index::RedemptionsOfVoucher;
                    view.find(index, &key(voucher.0), page).await?.len() as u64
                }
            };
            let gift = match gift {
                None => GiftCounts::default(),
                Some((campaign, amount, left)) => {
                    let before = vouchers::gift_counts(view, (campaign, voucher)).await?;
                    before.paid(amount, left)
                }
            };
            counts.push(Counts {
                used: used.saturating_add(1),
                gift,
            });
        }
        Ok(counts)
    }

    /// One use, as it is kept.
    fn redemption(
        &self,
        till: &Till<'_>,
        (found, discount): (&Found, &Discount),
        (id, counts): (u64, Counts),
    ) -> Result<Redemption, Refused> {
        let (shares, rest) = self.shares(till, discount);
        let used = match &found.issued {
            Some((issued, _)) => {
                let standing = (&found.campaign, &found.offer);
                let used = vouchers::as_used(issued, standing, counts)?;
                match &found.card {
                    Some(card) => used_card(card, (used, discount))?,
                    None => Used::Voucher(Box::new(used)),
                }
            }
            None => {
                let tier = till.compiled.offers.get(&found.offer.id);
                let tier = tier.map(|tier| promotions::bare_view(&found.campaign, tier));
                Used::Tier(Compact::of(&tier.transpose()?)?)
            }
        };
        Ok(Redemption {
            parent: (!self.is_alone()).then_some(self.top),
            redeemable: Some(found.redeemable),
            decision: found.decision,
            gave: Gave {
                shares,
                rest,
                rest_back: 0,
            },
            used,
            ..self.blank(till, id)
        })
    }

    fn blank(&self, till: &Till<'_>, id: u64) -> Redemption {
        Redemption {
            id,
            parent: None,
            children: Vec::new(),
            order: self.order,
            customer: till.customer.map(|customer| customer.0),
            redeemable: None,
            decision: None,
            gave: Gave::default(),
            state: RedemptionState::Succeeded,
            rollbacks: Vec::new(),
            used: Used::Several,
            sale: None,
        }
    }

    /// The redemption above all others, with the sale.
    fn top(
        &self,
        till: &Till<'_>,
        (made, referrer): (&[Redemption], Option<String>),
    ) -> Result<Redemption, Refused> {
        let sale = Some(Box::new(self.sale(till, referrer)?));
        Ok(match made {
            [alone] => Redemption {
                sale,
                ..alone.clone()
            },
            several => Redemption {
                children: several.iter().map(|child| child.id).collect(),
                sale,
                ..self.blank(till, self.top)
            },
        })
    }

    fn sale(&self, till: &Till<'_>, referrer: Option<String>) -> Result<Sale, Refused> {
        let all = rows(till, self.quote);
        let of = |status: RowStatus| {
            let rows: Vec<_> = all.iter().filter(|row| row.status == status).collect();
            match rows.as_slice() {
                [] => Ok(Compact::default()),
                rows => Compact::of(&rows),
            }
        };
        let stored = till.stored.as_ref().map(|(order, _)| order);
        let earlier = stored.iter().flat_map(|order| &order.uses);
        let session = session_key(self.request).ok().flatten();
        Ok(Sale {
            input: Compact::of(&till.input.unnamed().sent_by(referrer))?,
            priced: self.quote.priced.clone(),
            date: till.now,
            tracking_id: self.request.tracking_id.clone(),
            metadata: Compact::of(&self.request.metadata)?,
            session: session.map(str::to_owned),
            created_at: stored.map(|order| order.created_at),
            earlier: earlier.map(|one| one.earlier.clone()).collect(),
            skipped: of(RowStatus::Skipped)?,
            inapplicable: of(RowStatus::Inapplicable)?,
        })
    }

    /// All records of the redemption.
    fn writes(
        &self,
        till: &Till<'_>,
        top: &Redemption,
        children: &[Redemption],
    ) -> Result<Vec<Write>, Refused> {
        let of = |one: &Redemption| {
            let mut used = used(till, self.quote);
            let mine = used.find(|(found, _)| Some(found.redeemable) == one.redeemable);
            one.writes(mine.map(|(found, _)| found.campaign.id))
        };
        let mut writes = Vec::new();
        for one in children.iter().chain([top]) {
            writes.extend(of(one)?);
            let is_use = one.redeemable.is_some();
            writes.extend(activity::of(one.customer.filter(|_| is_use), one.id));
        }
        writes.extend(self.kept_order(till, top)?);
        if let Some((id, reservation, _)) = &till.reservation {
            writes.extend(forgotten(*id, &reservation.key));
        }
        Ok(writes)
    }

    /// What a use gave by item of the order, and beside them. Points are shared by what is paid
    /// for each item.
    fn shares(&self, till: &Till<'_>, discount: &Discount) -> (Vec<Share>, u64) {
        let priced = &self.quote.priced;
        let weights: Vec<u64> = priced.lines.iter().map(offers::PricedLine::left).collect();
        let by_line = if discount.points > 0 {
            ledger::allocate(discount.points, &weights)
        } else {
            discount.per_line.clone()
        };
        let mut lines = priced.lines.iter().zip(by_line);
        let sent = till.input.items.iter().flatten();
        let mut shares: Vec<Share> = sent
            .filter_map(|item| {
                if item.is_shipping() {
                    return Some(Share::default());
                }
                lines.next().map(share)
            })
            .collect();
        shares.extend(lines.map(share));
        let whole = discount.points.max(discount.amount);
        let on_items: u64 = shares.iter().map(|share| share.amount).sum();
        (shares, whole.saturating_sub(on_items))
    }

    fn kept_order(&self, till: &Till<'_>, top: &Redemption) -> Result<Vec<Write>, Refused> {
        let Some(id) = self.order else {
            return Ok(Vec::new());
        };
        let stored = till.stored.as_ref().map(|(order, _)| order);
        let mut uses = stored.map(|order| order.uses.clone()).unwrap_or_default();
        let of_this = || used(till, self.quote);
        uses.push(OrderUse {
            earlier: Earlier::of(top, till.now),
            asked: asked(till),
            redeemables: of_this().map(|(found, _)| found.redeemable).collect(),
            discount: of_this()
                .map(|(_, discount)| less(&self.quote.priced, discount))
                .sum(),
            back: PutBack::default(),
            is_undone: false,
        });
        let order = StoredOrder {
            id,
            customer: top.customer,
            uses,
            said: None,
            created_at: stored.map_or(till.now, |order| order.created_at),
            updated_at: stored.map(|_| till.now),
        };
        let source = till.input.source_id.as_deref();
        order.writes(source.filter(|_| stored.is_none()))
    }
}

/// How much less the goods cost than as they were sent: what joined the order is not among those,
/// and what gave way is.
fn less(priced: &offers::Priced, discount: &Discount) -> u64 {
    let mut places = priced.discounts.iter();
    let at = places.position(|one| one.redeemable == discount.redeemable);
    let all = on_goods(discount).saturating_add(at.map_or(0, |at| priced.gone(at)));
    let joined = at.map_or(&[][..], |at| priced.joined(at));
    let joined = joined.iter().map(|line| line.amount);
    joined.fold(all, u64::saturating_sub)
}

/// What notes of the codes that are used for the first time, and that nobody was given, which
/// edition of their campaign they keep.
fn first_uses(till: &Till<'_>, quote: &Quote) -> Result<Vec<Write>, Refused> {
    let mut writes = Vec::new();
    for (found, _) in used(till, quote) {
        let Some((issued, _)) = &found.issued else {
            continue;
        };
        if issued.thing.keeps_edition() {
            continue;
        }
        let mut kept = issued.clone();
        kept.thing.keep_edition(&till.compiled);
        writes.push(Write::Put {
            kind: Kind::Voucher,
            id: kept.thing.voucher.id.0,
            body: crate::vouchers::write(&kept)?,
        });
    }
    Ok(writes)
}

/// A card as a redemption keeps it.
fn used_card(card: &CardUse, (used, discount): (UsedVoucher, &Discount)) -> Result<Used, Refused> {
    let points = card.spent(discount.amount).map_or(0, |spent| spent.points);
    let reward = card.reward.as_ref().map(|(_, reward)| reward);
    Ok(Used::Card(Box::new(UsedCard {
        used,
        counts: card.counts_after(points),
        points,
        reward: Compact::of(&reward)?,
        gave: None,
    })))
}

fn on_goods(discount: &Discount) -> u64 {
    discount.amount.saturating_sub(discount.on_shipping)
}

fn share((line, amount): (&offers::PricedLine, u64)) -> Share {
    Share {
        units: line.quantity,
        amount,
        returned: 0,
        back: 0,
    }
}

/// That the order is as it was read, where there was one.
fn of_order(till: &Till<'_>) -> Option<Expect> {
    till.stored.as_ref().map(|(order, version)| Expect {
        kind: Kind::Order,
        id: order.id,
        version: *version,
    })
}
