//! Rollbacks: what a redemption moved goes back, whole or by what was returned. Nothing is erased.

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
};
use decision::GrantState;
use ledger::{FUNDING_LINES, Minor, Part, Transfer};
use offers::{Booking, Happening, Redeemable, book, chart::Reason, day_of};
use profiles::CustomerId;
use store::{Command, Expect, Index, Kind, Outcome, Page, TransferFilter, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        Event, Key, OrderInput, OrderStatus, OrderView, ReturnedItem, RollbackOrderMode,
        RollbackRequest, RollbackResponse, RollbackView, StackedRollback,
    },
};

use super::{
    dialect::{Asked, parse_optional, refuse, retry},
    redemptions::{find, load, order_now},
    resources::At,
    vouchers::{used_card_view, used_view},
};
use crate::{
    activity,
    app::App,
    auth::{Caller, Redeem},
    checkout::{Back, Redemption, RedemptionState, Share, StoredOrder, Used},
    compact::Compact,
    configuration::write,
    jobs, loyalty,
    once::{self, Answer},
    people::People,
    problem::Refused,
    versioned,
    vouchers::{self, key},
    webhooks,
};

/// More lines than one chain ever has.
const CHAIN: Page = Page {
    after: 0,
    limit: 1_000,
    newest_first: false,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(single))
        .routes(routes!(stack))
}

/// Which call it is: of one redemption, or of all that were made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    One,
    Stack,
}

/// Roll back one redemption; with `returned`, as far as those items gave.
#[utoipa::path(post, path = "/v1/redemptions/{id}/rollback", request_body = RollbackRequest,
    responses((status = 200, body = RollbackView)))]
async fn single(
    State(app): State<App>,
    caller: Caller<Redeem>,
    (Path(name), asked): (Path<String>, Asked),
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/redemptions/{name}/rollback");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let request = with_query(parse_optional(&body)?, &asked);
    roll_back(&app, &caller, (&name, Of::One), (&request, once)).await
}

/// Roll back all redemptions that were made together.
#[utoipa::path(post, path = "/v1/redemptions/{id}/rollbacks", request_body = RollbackRequest,
    responses((status = 200, body = StackedRollback)))]
async fn stack(
    State(app): State<App>,
    caller: Caller<Redeem>,
    (Path(name), asked): (Path<String>, Asked),
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let call = format!("POST /v1/redemptions/{name}/rollbacks");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let request = with_query(parse_optional(&body)?, &asked);
    roll_back(&app, &caller, (&name, Of::Stack), (&request, once)).await
}

fn with_query(mut request: RollbackRequest, asked: &Asked) -> RollbackRequest {
    let text = |name: &str| asked.get(name).map(str::to_owned);
    request.reason = request.reason.or_else(|| text("reason"));
    request.tracking_id = request.tracking_id.or_else(|| text("tracking_id"));
    request
}

async fn roll_back(
    app: &App,
    caller: &Caller<Redeem>,
    (name, of): (&str, Of),
    (request, once): (&RollbackRequest, Option<once::Key>),
) -> Result<Answer, Refused> {
    match retry(|| attempt(app, caller, (name, of), (request, once))).await {
        Err(refusal @ Refused::Dialect(..)) => {
            once::refused(app, caller.project, (once, refusal)).await
        }
        other => other,
    }
}

async fn attempt(
    app: &App,
    caller: &Caller<Redeem>,
    (name, of): (&str, Of),
    (request, once): (&RollbackRequest, Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let project = caller.project;
    let (mut top, version) = find(app, project, name).await?;
    check(&top, of)?;
    if request.returned.as_ref().is_some_and(Vec::is_empty) {
        return Err(refuse(Key::InvalidPayload, "/returned: at least one"));
    }
    let mut undoing = Undoing {
        app,
        caller,
        request,
        booking: Booking::default(),
        writes: Vec::new(),
        expects: vec![expect(Kind::Redemption, top.id, version)],
    };
    let mut parts = Vec::new();
    for id in &top.children {
        let child = load(app, project, (Kind::Redemption, *id)).await?;
        let (child, version) = child.ok_or_else(|| Refused::Fault("a child is lost".into()))?;
        undoing.expects.push(expect(Kind::Redemption, *id, version));
        parts.push(undoing.part(child).await?);
    }
    let is_single = parts.is_empty();
    if is_single {
        parts.push(undoing.part(top.clone()).await?);
    }
    let is_whole = parts
        .iter()
        .all(|part| part.redemption.state == RedemptionState::RolledBack);
    let order = undoing.order(&top, (&parts, is_whole)).await?;
    let mut people = People::open(app, project)?;
    if is_whole {
        give_grants_back(&mut people, &parts).await?;
    }
    let mut views = Vec::new();
    for part in &parts {
        views.push(undoing.keep(part, order.as_ref())?);
    }
    undoing.tell(&views).await?;
    if is_whole {
        top.state = RedemptionState::RolledBack;
    }
    let parent = (!is_single).then(|| undoing.keep_parent(&top));
    let parent = parent.transpose()?;
    let response = match (of, views) {
        (Of::One, mut views) if views.len() == 1 => match views.pop() {
            Some(view) => RollbackResponse::Single(Box::new(view)),
            None => return Err(Refused::Fault("a rollback has a view".into())),
        },
        (_, rollbacks) => RollbackResponse::Stacked(Box::new(StackedRollback {
            rollbacks,
            parent_rollback: parent,
            order,
        })),
    };
    let (of_people, changed) = people.finish()?;
    undoing.expects.extend(of_people);
    undoing.writes.extend(changed);
    undoing.submit(Answer::ok(&response)?, once).await
}

/// Which redemptions can be rolled back by which call.
fn check(top: &Redemption, of: Of) -> Result<(), Refused> {
    if top.parent.is_some() {
        let details = "it was made together with others: roll back their parent";
        return Err(refuse(Key::InvalidRedemptionParent, details));
    }
    match (top.state, of) {
        (RedemptionState::Failed, _) => {
            let details = "a failed redemption used nothing";
            Err(refuse(Key::InvalidRedemption, details))
        }
        (RedemptionState::RolledBack, _) => {
            let details = "Redemption has been already rolled back.";
            Err(refuse(Key::AlreadyRolledBack, details))
        }
        (RedemptionState::Succeeded, Of::One) if !top.children.is_empty() => {
            let details = "it is the parent of several: use its rollbacks";
            Err(refuse(Key::InvalidRedemption, details))
        }
        (RedemptionState::Succeeded, _) => Ok(()),
    }
}

fn expect(kind: Kind, id: u64, version: u64) -> Expect {
    Expect { kind, id, version }
}

/// A rollback on its way.
struct Undoing<'a> {
    app: &'a App,
    caller: &'a Caller<Redeem>,
    request: &'a RollbackRequest,
    booking: Booking,
    writes: Vec<Write>,
    expects: Vec<Expect>,
}

/// One redemption as it will be, and what it gives back now.
struct Undone {
    redemption: Redemption,
    rollback: u64,
    given_back: Minor,
    /// Of that, gift credit; or points.
    gift: Minor,
}

impl Undoing<'_> {
    /// Books what one redemption gives back.
    async fn part(&mut self, mut redemption: Redemption) -> Result<Undone, Refused> {
        let before = redemption.given_back;
        let whole = redemption.whole();
        if let Some(returned) = &self.request.returned {
            take_back(&mut redemption, returned)?;
        }
        let mut shares = redemption.shares.iter();
        let is_complete = shares.all(|share| share.returned == share.units);
        let after = if self.request.returned.is_none() || is_complete {
            redemption.state = RedemptionState::RolledBack;
            whole
        } else {
            redemption.shares.iter().map(Share::back).sum()
        };
        redemption.given_back = after;
        let rollback = self.app.next_id()?;
        let posted = self.posted(redemption.id).await?;
        let is_use = |transfer: &Transfer| transfer.code == Reason::Use.code();
        let (uses, amounts): (Vec<Transfer>, Vec<Transfer>) = posted.into_iter().partition(is_use);
        let part = Part {
            from: before,
            to: after,
            of: whole.max(1),
        };
        self.reverse(&amounts, part, rollback);
        // A use goes back when the whole does: who keeps a part has used it.
        if redemption.state == RedemptionState::RolledBack {
            self.reverse(&uses, Part::WHOLE, self.app.next_id()?);
        }
        let gift = Reason::GiftSpent.code();
        let is_gift = amounts.iter().any(|transfer| transfer.code == gift);
        let given_back = after.saturating_sub(before);
        if let (true, Some(Redeemable::Voucher(card))) = (is_gift, redemption.redeemable) {
            self.lapse_again(card.0).await?;
        }
        let points = self.card_back(&redemption, &amounts).await?;
        let points = part_of(points, part);
        Ok(Undone {
            redemption,
            rollback,
            given_back,
            gift: if is_gift { given_back } else { points },
        })
    }

    /// The points that were spent of a card, all of them. Those of a day that has passed are left
    /// to the next daily jobs; a code that they bought is paused.
    async fn card_back(
        &mut self,
        redemption: &Redemption,
        amounts: &[Transfer],
    ) -> Result<Minor, Refused> {
        let (Used::Card(used), Some(Redeemable::Voucher(card))) =
            (&redemption.used, redemption.redeemable)
        else {
            return Ok(0);
        };
        let spent = Reason::PointsSpent.code();
        let spent: Vec<&Transfer> = amounts.iter().filter(|one| one.code == spent).collect();
        let today = day_of(self.caller.now);
        let is_over = |day: u64| day != u64::from(offers::NEVER) && day < today.into();
        if spent.iter().any(|one| is_over(one.debit.party)) {
            self.writes.extend(loyalty::expiring(today, card));
        }
        if let Some(gave) = used.gave {
            self.pause(gave).await?;
        }
        Ok(spent.iter().map(|one| one.amount).sum())
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

    fn reverse(&mut self, posted: &[Transfer], part: Part, chain: u64) {
        let happening = Happening::RolledBack { posted, part };
        let before = std::mem::take(&mut self.booking);
        self.booking = before.then(book(&happening, chain));
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
    async fn order(
        &mut self,
        top: &Redemption,
        (parts, is_whole): (&[Undone], bool),
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
        let given_back: Minor = parts.iter().map(|part| part.given_back).sum();
        let compiled = self.app.compiled(project).await?;
        let mode = compiled.stacking.said.redeemables_rollback_order_mode;
        let mine = order.uses.iter_mut();
        for one in mine.filter(|one| one.earlier.redemption == top.id) {
            // What was undone and still takes off says so: the order stays as it was.
            if mode == RollbackOrderMode::WithOrder {
                one.discount = one.discount.saturating_sub(given_back);
            }
            one.is_undone |= is_whole;
            if let Some(part) = parts.first() {
                one.earlier.rollback = Some(self.back(part.rollback));
            }
        }
        if order.standing().next().is_none() {
            let mut view = self.app.store().view(project)?;
            let of = (project, id, self.caller.now);
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
    fn keep(&mut self, part: &Undone, order: Option<&OrderView>) -> Result<RollbackView, Refused> {
        let redemption = &part.redemption;
        let mut view = self.view(part.rollback, redemption);
        tell_used(&mut view, redemption)?;
        view.order = order.cloned();
        view.amount = (part.gift > 0)
            .then(|| i64::try_from(part.gift).ok().map(i64::wrapping_neg))
            .flatten();
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

    fn keep_parent(&mut self, parent: &Redemption) -> Result<RollbackView, Refused> {
        let rollback = self.app.next_id()?;
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
        let whose = redemption.customer.filter(|_| is_use);
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

    async fn tell(&mut self, views: &[RollbackView]) -> Result<(), Refused> {
        let at = At::of(self.app, self.caller);
        for view in views {
            let told = webhooks::tell(at, Event::RolledBack, view).await?;
            self.writes.extend(told);
        }
        Ok(())
    }

    async fn submit(
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
        match answer.after(self.app.store().submit(command).await?)? {
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
        Used::Several | Used::Nothing(_) => {}
        Used::Voucher(used) => view.voucher = Some(used_view(used)?),
        Used::Card(used) => view.voucher = Some(used_card_view(used)?),
        Used::Tier(used) => view.promotion_tier = Some(used.value()?),
    }
    Ok(())
}

/// Of so many points, those that a part gives back.
fn part_of(points: Minor, part: Part) -> Minor {
    let up_to = |at: Minor| {
        let exact = u128::from(points) * u128::from(at.min(part.of)) / u128::from(part.of.max(1));
        Minor::try_from(exact).unwrap_or(points)
    };
    up_to(part.to).saturating_sub(up_to(part.from))
}

/// Counts what was returned, as far as it was not returned before.
fn take_back(redemption: &mut Redemption, returned: &[ReturnedItem]) -> Result<(), Refused> {
    for (place, item) in returned.iter().enumerate() {
        let wrong = |member: &str, details: &str| {
            let details = format!("/returned/{place}/{member}: {details}");
            refuse(Key::InvalidPayload, details)
        };
        let share = redemption.shares.get_mut(item.index);
        let share = share.ok_or_else(|| wrong("index", "the order has no such item"))?;
        let after = share.returned.saturating_add(item.quantity);
        if item.quantity == 0 || after > share.units {
            return Err(wrong("quantity", "not so many are left to return"));
        }
        share.returned = after;
    }
    Ok(())
}

/// The grants that were used may be used again, as long as they last.
async fn give_grants_back(people: &mut People<'_>, parts: &[Undone]) -> Result<(), Refused> {
    for part in parts {
        let redemption = &part.redemption;
        let (Some(customer), Some(decision)) = (redemption.customer, redemption.decision) else {
            continue;
        };
        let customer = match people.load(CustomerId(customer)).await {
            Ok(customer) => customer,
            // Who was erased has no grants any more; the shop still gets its money back.
            Err(Refused::NotFound { .. }) => continue,
            Err(other) => return Err(other),
        };
        let Some(person) = people.person_mut(customer) else {
            continue;
        };
        let mine = person.grants.iter_mut();
        for granted in mine.filter(|granted| granted.decision == decision) {
            granted.grant.state = GrantState::Open;
        }
    }
    Ok(())
}
