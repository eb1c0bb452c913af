//! How does a decision become a promise?

use std::sync::Arc;

use decision::{
    DecisionId, Fate, Grant, GrantState, Remaining, Request, Snapshot, SnapshotId, candidates,
    decide, draw_of, explain, replay, trace,
};
use ledger::{Kind, Rejection};
use measurement::bucket;
use offers::{
    CapUnit, Given, Happening, OfferId, OrderCount, Period, Reach, Voucher, VoucherId, VoucherKind,
    chart::{Occasion, counters},
    order_facts,
};
use profiles::{CustomerId, Purpose};
use rules::{Reads, Value, ZONE};

use super::{Memory, Promised, Record, SECRET, fault, people, rejected};
use crate::story::world::{Answer, Asked, Decided, Granted, Replay, Timestamp};

/// What became of a promise.
enum Promise {
    Kept,
    /// A limit was reached between the decision and its promise: nothing is given.
    Lost,
}

impl Memory {
    pub(super) fn decide_for(&mut self, asked: &[Asked]) -> Answer<Vec<Decided>> {
        let snapshot = Arc::new(self.snapshot()?);
        let records: Vec<(CustomerId, Record)> = asked
            .iter()
            .map(|asked| self.record(&snapshot, asked))
            .collect();
        let kept = records
            .into_iter()
            .map(|(customer, record)| self.keep(customer, record));
        kept.collect()
    }

    pub(super) fn decide_again(&mut self, who: &str) -> Answer<Replay> {
        let customer = self.customer(who);
        let person = self.people.get(&customer);
        let record = person.and_then(|person| person.last.as_ref());
        let record = record.ok_or_else(|| fault(format!("nothing was decided for {who}")))?;
        let again = replay(&record.snapshot, &record.request);
        Ok(if again == record.decision {
            Replay::Same
        } else {
            Replay::Different
        })
    }

    fn snapshot(&mut self) -> Answer<Snapshot> {
        let id = SnapshotId(self.next_id());
        Snapshot::compile(id, self.setup.clone())
            .map_err(|invalid| fault(format!("this cannot be set up: {invalid:?}")))
    }

    /// Asks with everything a decision may read, and decides.
    fn record(&mut self, snapshot: &Arc<Snapshot>, asked: &Asked) -> (CustomerId, Record) {
        let customer = self.customer(&asked.who);
        let order = asked.order.as_ref().map(people::order);
        let mut facts = self.facts(customer);
        if let Some(order) = &order {
            facts.extend(order_facts(order, &Reads::everything()));
        }
        facts.set("now", Value::Time(self.now));
        facts.set(ZONE, "UTC");
        let id = DecisionId(self.next_id());
        let request = Request {
            id,
            customer,
            consent: self.profile(customer).consent,
            order,
            grants: self.grants(customer),
            remaining: self.remaining(&candidates(snapshot, &facts), customer),
            facts,
            now: self.now,
            draw: draw_of(SECRET, id),
        };
        let record = Record {
            snapshot: Arc::clone(snapshot),
            decision: decide(snapshot, &request),
            request,
        };
        (customer, record)
    }

    fn grants(&self, customer: CustomerId) -> Vec<Grant> {
        let person = self.people.get(&customer);
        let grants = person.into_iter().flat_map(|person| &person.grants);
        grants.map(|promised| promised.grant).collect()
    }

    fn remaining(
        &self,
        candidates: &[(OfferId, offers::CampaignId)],
        customer: CustomerId,
    ) -> Remaining {
        let mut remaining = Remaining::default();
        let occasion = self.occasion(customer, 0);
        let campaigns = candidates
            .iter()
            .filter_map(|(offer, _)| self.offer(*offer));
        for (_, campaign) in campaigns {
            for counter in counters(campaign, None, &occasion) {
                let left = counter.left(self.book.accounts.get(&counter.account.id));
                let cap = counter.cap;
                if left == 0 {
                    remaining.spent.insert(campaign.id);
                }
                if (cap.reach, cap.period, cap.unit)
                    == (Reach::Campaign, Period::Ever, CapUnit::Money)
                {
                    remaining.budgets.insert(campaign.id, left);
                }
            }
        }
        remaining
    }

    pub(super) fn occasion(&self, customer: CustomerId, order: u64) -> Occasion {
        Occasion {
            customer: Some(customer.0),
            store: None,
            at: self.now,
            order,
            key: None,
            process: 0,
        }
    }

    /// Enrols the customer, makes the promise and keeps the record.
    fn keep(&mut self, customer: CustomerId, record: Record) -> Answer<Decided> {
        let consent = record.request.consent;
        let arm = record.decision.arm;
        let may_count =
            consent.allows(Purpose::Measure) && consent.allows(Purpose::PersonaliseOffers);
        let promise = match record.decision.chosen() {
            Some((offer, _)) => Some((offer, self.promise(customer, offer, &record)?)),
            None => None,
        };
        let decided = self.decided(&record, promise);
        if let Some(person) = self.people.get_mut(&customer) {
            person.arm = person.arm.or(may_count.then_some(arm));
            person.last = Some(record);
        }
        Ok(decided)
    }

    fn promise(
        &mut self,
        customer: CustomerId,
        offer: OfferId,
        record: &Record,
    ) -> Answer<Promise> {
        let (offer, campaign) = self
            .offer(offer)
            .map(|(offer, campaign)| (offer.clone(), campaign.clone()))
            .ok_or_else(|| fault("a chosen offer is not there"))?;
        let until = self.now.saturating_add(offer.grant_ms);
        let voucher = (!offer.is_tier).then(|| self.mint(offer.id, (customer, until)));
        let order = record.request.order.as_ref();
        let given = Given {
            campaign: &campaign,
            voucher: voucher.as_ref(),
            tier: None,
            discount: offer.ceiling(order, &record.request.facts).unwrap_or(0),
            gift: 0,
            order: OrderCount::default(),
            units: (&[], &[]),
            free_units: 0,
            points: None,
            spent: None,
        };
        let occasion = self.occasion(customer, 0);
        let granted = Happening::Granted {
            given: &given,
            occasion: &occasion,
            until,
        };
        let booking = offers::book(&granted, record.request.id.0);
        match self.apply(&booking) {
            Ok(()) => {}
            Err((_, Rejection::LimitReached(_))) => return Ok(Promise::Lost),
            Err(other) => return Err(rejected(other)),
        }
        // Nothing below may fail.
        let grant = Grant {
            offer: offer.id,
            at: self.now,
            until,
            state: GrantState::Open,
        };
        let is_hold = |kind| matches!(kind, Kind::Pending { .. });
        let holds = booking.chain.into_iter();
        let promised = Promised {
            grant,
            voucher: voucher.as_ref().map(|voucher| voucher.id),
            holds: holds.filter(|line| is_hold(line.kind)).collect(),
        };
        self.vouchers.extend(voucher);
        let person = self.people.entry(customer).or_default();
        person.grants.push(promised);
        Ok(Promise::Kept)
    }

    /// A code for this customer alone, good once.
    fn mint(&mut self, offer: OfferId, (customer, until): (CustomerId, Timestamp)) -> Voucher {
        let id = self.next_id();
        let chance = bucket(SECRET, &id.to_be_bytes());
        Voucher {
            id: VoucherId(id),
            code: offers::codes::code_from(chance.to_be_bytes()).into(),
            offer,
            kind: VoucherKind::Discount,
            active: true,
            validity: offers::Validity::between(Some(self.now), Some(until - 1)),
            quantity: Some(1),
            holder: Some(customer.0),
        }
    }

    fn decided(&self, record: &Record, promise: Option<(OfferId, Promise)>) -> Decided {
        let Record {
            snapshot,
            request,
            decision,
        } = record;
        let lost = match &promise {
            Some((offer, Promise::Lost)) => Some(*offer),
            Some((_, Promise::Kept)) | None => None,
        };
        let considered = decision.considered.iter().map(|(offer, fate)| {
            let code = match fate {
                Fate::Chosen { .. } if lost == Some(*offer) => "exhausted",
                Fate::Chosen { .. } => "chosen",
                Fate::Passed { .. } => "passed",
                Fate::Withheld { .. } => "withheld",
                Fate::Barred(bar) => bar.code(),
            };
            (*offer, code)
        });
        let unmatched = trace(snapshot, request).unmatched;
        let unmatched = unmatched
            .iter()
            .map(|(offer, refusal)| (*offer, refusal.code()));
        let fates = considered.chain(unmatched);
        let kept = promise.filter(|_| lost.is_none());
        Decided {
            offer: kept.map(|(offer, _)| self.name(offer)),
            fates: fates
                .map(|(offer, code)| (self.name(offer), code.to_owned()))
                .collect(),
            told: match lost {
                Some(_) => vec!["There is no offer for you right now.".to_owned()],
                None => explain(snapshot, request, decision).shopper,
            },
        }
    }

    pub(super) fn name(&self, offer: OfferId) -> String {
        let offer = self.offer(offer);
        offer.map_or_else(String::new, |(offer, _)| offer.name.to_string())
    }

    pub(super) fn open_grants(&self, customer: CustomerId) -> Vec<Granted> {
        let person = self.people.get(&customer);
        let grants = person.into_iter().flat_map(|person| &person.grants);
        let open = grants.filter(|one| one.grant.state == GrantState::Open);
        let code = |id: VoucherId| {
            let mut vouchers = self.vouchers.iter();
            vouchers
                .find(|voucher| voucher.id == id)
                .map(|voucher| voucher.code.to_string())
        };
        open.map(|promised| Granted {
            campaign: self.name(promised.grant.offer),
            code: promised.voucher.and_then(code),
            until: promised.grant.until,
        })
        .collect()
    }

    /// An open grant whose time has come has lapsed.
    pub(super) fn lapse_grants(&mut self) {
        let now = self.now;
        let grants = self.people.values_mut().flat_map(|one| &mut one.grants);
        grants
            .filter(|one| one.grant.state == GrantState::Open && one.grant.until <= now)
            .for_each(|one| one.grant.state = GrantState::Lapsed);
    }
}
