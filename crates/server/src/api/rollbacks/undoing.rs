//! A rollback on its way: what it books, and what it keeps.

use super::partly::units_back;

use super::*;

/// More lines than one chain ever has.
const CHAIN: Page = Page {
    after: 0,
    limit: 1_000,
    newest_first: false,
};

/// A rollback on its way.
pub(super) struct Undoing<'a> {
    app: &'a App,
    caller: &'a Caller<Redeem>,
    request: &'a RollbackRequest,
    booking: Booking,
    /// Whose it was, unless they were erased.
    pub(super) customer: Option<u64>,
    pub(super) writes: Vec<Write>,
    pub(super) expects: Vec<Expect>,
}

/// What is given back now.
pub(super) struct Undone {
    pub(super) parts: Vec<UndonePart>,
    /// Whether nothing is left to give back.
    pub(super) is_whole: bool,
}

/// One redemption as it was and as it will be, and what it gives back.
pub(super) struct UndonePart {
    pub(super) before: Redemption,
    pub(super) redemption: Redemption,
    pub(super) rollback: u64,
    /// Of what is spent of a card: gift credit, or points.
    spent: Spent,
}

/// What came back to the card that was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spent {
    Nothing,
    Credit(Minor),
    Points(Minor),
}

impl<'a> Undoing<'a> {
    pub(super) fn new(
        (app, caller): (&'a App, &'a Caller<Redeem>),
        request: &'a RollbackRequest,
        (id, version): (u64, u64),
    ) -> Self {
        Self {
            app,
            caller,
            request,
            booking: Booking::default(),
            customer: None,
            writes: Vec::new(),
            expects: vec![expect(Kind::Redemption, id, version)],
        }
    }

    /// The redemptions that were made together; one that stands alone, itself.
    pub(super) async fn made(&mut self, top: &Redemption) -> Result<Vec<Redemption>, Refused> {
        let mut made = Vec::new();
        for id in &top.children {
            let child = load(self.app, self.caller.project, (Kind::Redemption, *id)).await?;
            let (child, version) = child.ok_or_else(|| Refused::Fault("a child is lost".into()))?;
            self.expects.push(expect(Kind::Redemption, *id, version));
            made.push(child);
        }
        if made.is_empty() {
            made.push(top.clone());
        }
        Ok(made)
    }

    /// Books what one redemption gives back.
    pub(super) async fn part(
        &mut self,
        (before, redemption): (Redemption, Redemption),
        sale: &Sale,
    ) -> Result<UndonePart, Refused> {
        let is_whole = redemption.state == RedemptionState::RolledBack;
        let whole = redemption.gave.whole().max(1);
        let part = Part {
            from: before.gave.back(),
            to: if is_whole {
                whole
            } else {
                redemption.gave.back()
            },
            of: whole,
        };
        let rollback = self.app.next_id()?;
        let posted = self.posted(redemption.id).await?;
        let is_use = |transfer: &Transfer| transfer.code == Reason::Use.code();
        let (uses, amounts): (Vec<Transfer>, Vec<Transfer>) = posted.into_iter().partition(is_use);
        let of_units = Reason::UnitsCounted.code();
        let is_of_units = |transfer: &Transfer| transfer.code == of_units;
        let (units, amounts): (Vec<Transfer>, Vec<Transfer>) =
            amounts.into_iter().partition(is_of_units);
        for (transfer, part) in units_back(&units, ((&before, &redemption), sale))? {
            self.reverse(&[transfer], part, self.app.next_id()?);
        }
        let back = self.reverse(&amounts, part, rollback);
        // A use goes back when the whole does: who keeps a part has used it.
        if is_whole {
            self.reverse(&uses, Part::WHOLE, self.app.next_id()?);
        }
        let of = |reason: Reason| {
            let is_one = move |one: &&Transfer| one.code == reason.code();
            let all = back.iter().filter(is_one).map(|one| one.amount);
            all.fold(0, Minor::saturating_add)
        };
        let is_gift = amounts
            .iter()
            .any(|one| one.code == Reason::GiftSpent.code());
        let spent = match (is_gift, &redemption.used) {
            (true, _) => Spent::Credit(of(Reason::GiftSpent)),
            (false, Used::Card(_)) => Spent::Points(of(Reason::PointsSpent)),
            (false, _) => Spent::Nothing,
        };
        if let (true, Some(Redeemable::Voucher(card))) = (is_gift, redemption.redeemable) {
            self.lapse_again(card.0).await?;
        }
        self.card_back((&redemption, is_whole), &amounts).await?;
        Ok(UndonePart {
            before,
            redemption,
            rollback,
            spent,
        })
    }

    /// Points of a day that has passed are left to the next daily jobs. A code that the points
    /// bought is paused when all of them come back.
    async fn card_back(
        &mut self,
        (redemption, is_whole): (&Redemption, bool),
        amounts: &[Transfer],
    ) -> Result<(), Refused> {
        let (Used::Card(used), Some(Redeemable::Voucher(card))) =
            (&redemption.used, redemption.redeemable)
        else {
            return Ok(());
        };
        let spent = Reason::PointsSpent.code();
        let mut spent = amounts.iter().filter(|one| one.code == spent);
        let compiled = self.app.compiled(self.caller.project).await?;
        let today = compiled.day(self.caller.now);
        let is_over = |day: u64| day != u64::from(offers::NEVER) && day < today.into();
        if spent.any(|one| is_over(one.debit.party)) {
            self.writes.extend(loyalty::expiring(today, card));
        }
        if let Some(gave) = used.gave.filter(|_| is_whole) {
            self.pause(gave).await?;
        }
        Ok(())
    }

    /// Nobody can use a code any more.
    async fn pause(&mut self, voucher: u64) -> Result<(), Refused> {
        let project = self.caller.project;
        let record = self
            .app
            .store()
            .get(project, Kind::Voucher, voucher)
            .await?;
        let Some(record) = record else {
            return Ok(());
        };
        let mut issued = vouchers::read(&record.body)?;
        issued.thing.voucher.active = false;
        issued.updated_at = Some(self.caller.now);
        self.expects
            .push(expect(Kind::Voucher, voucher, record.version));
        self.writes.push(Write::Put {
            kind: Kind::Voucher,
            id: voucher,
            body: vouchers::write(&issued)?,
        });
        Ok(())
    }

    /// What comes back to a gift card that has lapsed is left to the next daily jobs, which let it
    /// lapse too: nobody could spend it any more.
    async fn lapse_again(&mut self, card: u64) -> Result<(), Refused> {
        let (project, now) = (self.caller.project, self.caller.now);
        let record = self.app.store().get(project, Kind::Voucher, card).await?;
        let Some(record) = record else {
            return Ok(());
        };
        let issued = vouchers::read(&record.body)?;
        if jobs::is_over(&issued.thing, now) {
            self.writes.push(jobs::lapsing(now, card));
        }
        Ok(())
    }

    /// Books a part the other way, and tells what that moves.
    fn reverse(&mut self, posted: &[Transfer], part: Part, chain: u64) -> Vec<Transfer> {
        let happening = Happening::RolledBack { posted, part };
        let booking = book(&happening, chain);
        let back = booking.chain.clone();
        let before = std::mem::take(&mut self.booking);
        self.booking = before.then(booking);
        back
    }

    /// What a redemption moved, without what opened its accounts.
    async fn posted(&self, chain: u64) -> Result<Vec<Transfer>, Refused> {
        let filter = TransferFilter::Chain(chain);
        let store = self.app.store();
        let saved = store.transfers(self.caller.project, filter, CHAIN).await?;
        let own = saved.into_iter().map(|saved| saved.transfer);
        Ok(own
            .filter(|transfer| transfer.id.line < FUNDING_LINES && transfer.has_moved())
            .collect())
    }

    /// The order without what is taken back.
    pub(super) async fn order(
        &mut self,
        (top, above): (&Redemption, Option<u64>),
        (undone, sale): (&Undone, &Sale),
    ) -> Result<Option<OrderView>, Refused> {
        let Some(id) = top.order else {
            return Ok(None);
        };
        let project = self.caller.project;
        let record = self.app.store().get(project, Kind::Order, id).await?;
        let Some(record) = record else {
            return Ok(None);
        };
        let mut order: StoredOrder = versioned::read(&record.body)?;
        let compiled = self.app.compiled(project).await?;
        let mode = compiled.stacking.said.redeemables_rollback_order_mode;
        let mut above_or_own = above;
        let mine = order.uses.iter_mut();
        for one in mine.filter(|one| one.earlier.redemption == top.id) {
            // What was undone and still takes off says so: the order stays as it was.
            if mode == RollbackOrderMode::WithOrder {
                put_back(one, (undone, sale))?;
            }
            one.is_undone |= undone.is_whole;
            let mut rollbacks = undone.parts.iter().map(|part| part.rollback);
            match above {
                Some(_) => one.earlier.rollback_stacked = rollbacks.collect(),
                None => above_or_own = rollbacks.next(),
            }
            one.earlier.rollback = above_or_own.map(|rollback| self.back(rollback));
        }
        if order.standing().next().is_none() {
            let mut view = self.app.store().view(project)?;
            let of = (project, id, compiled.day(self.caller.now));
            let earned = loyalty::unearn(self.app, &mut view, of).await?;
            let before = std::mem::take(&mut self.booking);
            self.booking = before.then(earned.booking);
            self.expects.extend(earned.expects);
            self.writes.extend(earned.writes);
        }
        order.updated_at = Some(self.caller.now);
        if let (Some(said), true) = (&mut order.said, order.uses.iter().all(|one| one.is_undone)) {
            *said = Compact::of(&OrderInput {
                status: Some(OrderStatus::Canceled),
                ..said.read()?
            })?;
        }
        self.expects.push(expect(Kind::Order, id, record.version));
        self.writes.extend(order.writes(None)?);
        let mut view = self.app.store().view(project)?;
        order_now(&mut view, &order).await.map(Some)
    }

    /// Keeps a redemption as it is now, and its rollback.
    pub(super) fn keep(
        &mut self,
        part: &UndonePart,
        order: Option<&OrderView>,
    ) -> Result<RollbackView, Refused> {
        let redemption = &part.redemption;
        let mut view = self.view(part.rollback, redemption);
        tell_used(&mut view, redemption)?;
        view.order = order.cloned();
        tell_spent(&mut view, part.spent);
        let before = part.before.gave.back();
        view.proffer = Some(GivenBack {
            given_back: redemption.gave.back().saturating_sub(before),
            left: redemption.gave.left(),
        });
        let is_whole = redemption.state == RedemptionState::RolledBack;
        self.record(&view, part.rollback, redemption)?;
        if let (true, Some(Redeemable::Voucher(voucher))) = (is_whole, redemption.redeemable) {
            self.writes.push(Write::Link {
                index: Index::RollbacksOfRedemption,
                key: key(voucher.0),
                id: part.rollback,
            });
        }
        Ok(view)
    }

    pub(super) fn keep_parent(
        &mut self,
        (parent, rollback): (&Redemption, u64),
    ) -> Result<RollbackView, Refused> {
        let view = self.view(rollback, parent);
        self.record(&view, rollback, parent)?;
        Ok(view)
    }

    fn view(&self, rollback: u64, redemption: &Redemption) -> RollbackView {
        let source = ids::format(Tag::Redemption, redemption.id);
        let id = ids::format(Tag::Rollback, rollback);
        let mut view = RollbackView::succeeded(id, source, self.caller.now);
        view.reason.clone_from(&self.request.reason);
        view.tracking_id.clone_from(&self.request.tracking_id);
        view.metadata.clone_from(&self.request.metadata);
        view.customer_id = redemption
            .customer
            .map(|customer| ids::format(Tag::Customer, customer));
        (view.related_object_type, view.related_object_id) = match redemption.redeemable {
            Some(Redeemable::Voucher(voucher)) => ("voucher", ids::format(Tag::Voucher, voucher.0)),
            Some(Redeemable::Tier(tier)) => ("promotion_tier", ids::format(Tag::Tier, tier.0)),
            None => ("redemption", view.redemption.clone()),
        };
        view
    }

    /// How a rollback is told of beside.
    fn back(&self, rollback: u64) -> Back {
        Back {
            id: rollback,
            date: self.caller.now,
        }
    }

    fn record(
        &mut self,
        view: &RollbackView,
        rollback: u64,
        redemption: &Redemption,
    ) -> Result<(), Refused> {
        let mut kept = redemption.clone();
        kept.rollbacks.push(self.back(rollback));
        let is_use = redemption.redeemable.is_some();
        let whose = self.customer.filter(|_| is_use);
        self.writes.extend(activity::of(whose, rollback));
        self.writes.extend([
            kept.put()?,
            Write::Put {
                kind: Kind::Rollback,
                id: rollback,
                body: write(view)?,
            },
            Write::Link {
                index: Index::RollbacksOfRedemption,
                key: key(redemption.id),
                id: rollback,
            },
        ]);
        Ok(())
    }

    pub(super) async fn tell(&mut self, views: &[RollbackView]) -> Result<(), Refused> {
        let at = At::of(self.app, self.caller);
        for view in views {
            let told = webhooks::tell(at, Event::RolledBack, view).await?;
            self.writes.extend(told);
        }
        Ok(())
    }

    pub(super) async fn submit(
        self,
        answer: Answer,
        once: Option<once::Key>,
    ) -> Result<Option<Answer>, Refused> {
        let command = Command {
            project: self.caller.project,
            now: self.caller.now,
            once: once.map(|key| key.once(&answer)),
            expects: self.expects,
            openings: self.booking.openings,
            chain: self.booking.chain,
            writes: self.writes,
        };
        match answer.after(self.app.submit(command).await?)? {
            Ok(answer) => Ok(Some(answer)),
            Err(Outcome::Stale { .. }) => Ok(None),
            Err(Outcome::Rejected { .. }) => {
                let details = "what it earned is spent already";
                Err(refuse(Key::InvalidRedemption, details))
            }
            Err(other) => Err(Refused::Fault(format!(
                "a rollback was not kept: {other:?}"
            ))),
        }
    }
}

/// What the redemption used, as it was then.
fn tell_used(view: &mut RollbackView, redemption: &Redemption) -> Result<(), Refused> {
    match &redemption.used {
        Used::Several | Used::Nothing { .. } => {}
        Used::Voucher(used) => view.voucher = Some(used_view(used)?),
        Used::Card(used) => {
            view.voucher = Some(used_card_view(used)?);
            view.reward = used.reward.read()?;
        }
        Used::Tier(used) => view.promotion_tier = Some(used.value()?),
    }
    Ok(())
}

fn tell_spent(view: &mut RollbackView, spent: Spent) {
    let below_zero = |amount: Minor| i64::try_from(amount).map_or(i64::MIN, i64::wrapping_neg);
    match spent {
        Spent::Nothing => {}
        Spent::Credit(credit) => {
            let amount = below_zero(credit);
            view.amount = Some(amount);
            view.gift = Some(GiftGivenBack { amount });
        }
        Spent::Points(points) => {
            let points = below_zero(points);
            view.amount = Some(points);
            view.loyalty_card = Some(PointsGivenBack { points });
        }
    }
}

fn expect(kind: Kind, id: u64, version: u64) -> Expect {
    Expect { kind, id, version }
}
