//! Redemptions: redeemables are used on a paid order, all of them or none, in one command.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use decision::GrantState;
use ledger::Account;
use offers::{Booking, Checkout, Discount, Happening, Redeemable, book, chart};
use store::{Command, Expect, Index, Kind, Page, ProjectId, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        Channel, CustomerRef, ErrorBody, GiftRedeemed, Inapplicable, Key, List, OrderRedemption,
        OrderStatus, OrderView, Plainly, RedemptionRequest, RedemptionResponse, RedemptionSession,
        RedemptionView, RowStatus, SimpleCustomer, VoucherRedemptions,
    },
};

use super::{
    customers,
    dialect::{Asked, not_found, page_of, parse, refuse, retry},
    promotions,
    validations::{self, forgotten, released, rows, session_key, used},
    vouchers::{self, Counts},
};
use crate::{
    app::App,
    auth::{Caller, Redeem},
    checkout::{
        Call, Fate, For, Found, OrderUse, Quote, Redemption, RedemptionState, Share, StoredOrder,
        Till, sweep,
    },
    configuration::{read, write},
    once::{self, Answer},
    problem::Refused,
    telemetry,
    vouchers::key,
};

/// Earlier uses of a code without limit are counted so far in the answer to a redemption, so that
/// its cost does not grow with them.
const COUNTED_USES: u32 = 100;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(redeem, list))
        .routes(routes!(get))
        .routes(routes!(of_voucher))
}

/// Use redeemables on a paid order.
#[utoipa::path(post, path = "/v1/redemptions", request_body = Object,
    responses((status = 200, body = RedemptionResponse)))]
async fn redeem(
    State(app): State<App>,
    caller: Caller<Redeem>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let once = once::Key::of(&headers, caller.project, ("POST /v1/redemptions", &body))?;
    let request: RedemptionRequest = parse(&body)?;
    session_key(&request)?;
    let status = request.order.as_ref().and_then(|order| order.status);
    if let Some(OrderStatus::Created | OrderStatus::Canceled) = status {
        let details = "a draft or cancelled order uses nothing: redeem when it is paid";
        let refusal = refuse(Key::InvalidOrder, details);
        return once::refused(&app, caller.project, (once, refusal)).await;
    }
    let swept = AtomicBool::new(false);
    match retry(|| attempt(&app, &caller, (&request, once), &swept)).await {
        Err(refusal @ Refused::Dialect(..)) => {
            once::refused(&app, caller.project, (once, refusal)).await
        }
        other => other,
    }
}

async fn attempt(
    app: &App,
    caller: &Caller<Redeem>,
    (request, once): (&RedemptionRequest, Option<once::Key>),
    swept: &AtomicBool,
) -> Result<Option<Answer>, Refused> {
    let call = Call {
        project: caller.project,
        now: caller.now,
        customer: request.customer.as_ref(),
        order: request.order.as_ref(),
        metadata: request.metadata.as_ref(),
        session: session_key(request)?,
        purpose: For::Using,
    };
    let mut till = Till::open(app, &call).await?;
    till.offer(&request.redeemables).await?;
    if let Some(before) = repeated(&till)
        && let Some((redemption, _)) = load(app, caller.project, before).await?
    {
        return Answer::ok(&redemption.answer).map(Some);
    }
    let quote = till.quote();
    if quote.is_short && !swept.swap(true, Ordering::Relaxed) {
        sweep(app, caller.project, caller.now).await?;
        return Ok(None);
    }
    if quote.failure().is_some() || quote.applied().is_empty() {
        let (command, answer) = failed(&till, &quote, (request, once))?;
        drop(till);
        return match answer.after(app.store().submit(command).await?)? {
            Ok(answer) => Ok(Some(answer)),
            Err(other) => Err(Refused::Fault(format!("a failure was not kept: {other:?}"))),
        };
    }
    let using = Using {
        app,
        request,
        quote: &quote,
        top: app.next_id(),
        order: request.order.as_ref().map(|_| {
            let known = till.stored.as_ref().map(|(order, _)| order.id);
            known.unwrap_or_else(|| app.next_id())
        }),
    };
    using.commit(till, once).await
}

/// The redemption that used the same redeemables on the same order before, and stands.
fn repeated(till: &Till<'_>) -> Option<u64> {
    let (stored, _) = till.stored.as_ref()?;
    let asked = asked(till);
    if asked.len() != till.offered.len() {
        return None;
    }
    let mut standing = stored.standing();
    let before = standing.find(|one| one.asked == asked);
    before.map(|one| one.redemption)
}

fn asked(till: &Till<'_>) -> Vec<Redeemable> {
    let found = till.offered.iter().filter_map(|one| one.found.as_ref());
    let mut asked: Vec<Redeemable> = found.map(|found| found.redeemable).collect();
    asked.sort();
    asked
}

/// A redemption and the version of its record.
///
/// # Errors
/// When the store cannot be read.
pub async fn load(
    app: &App,
    project: ProjectId,
    id: u64,
) -> Result<Option<(Redemption, u64)>, Refused> {
    let record = app.store().get(project, Kind::Redemption, id).await?;
    record
        .map(|record| Ok((read(&record.body)?, record.version)))
        .transpose()
}

/// What keeps a failure, and what answers it.
fn failed(
    till: &Till<'_>,
    quote: &Quote,
    (request, once): (&RedemptionRequest, Option<once::Key>),
) -> Result<(Command, Answer), Refused> {
    let (index, body) = failure(till, quote);
    let id = till.app.next_id();
    let name = ids::format(Tag::FailedRedemption, id);
    let mut view = RedemptionView::failed(name, till.now, &body);
    view.tracking_id.clone_from(&request.tracking_id);
    view.metadata.clone_from(&request.metadata);
    if let Some(input) = request.redeemables.get(index) {
        view.related_object_type = input.object.name();
        view.related_object_id.clone_from(&input.id);
    }
    let view = serde_json::to_value(&view).map_err(|e| Refused::Fault(e.to_string()))?;
    let redemption = Redemption {
        id,
        parent: None,
        children: Vec::new(),
        order: None,
        customer: till.customer.map(|customer| customer.0),
        redeemable: None,
        decision: None,
        shares: Vec::new(),
        rest: 0,
        given_back: 0,
        state: RedemptionState::Failed,
        view,
        answer: serde_json::Value::Null,
    };
    let status = StatusCode::from_u16(body.code).unwrap_or(StatusCode::BAD_REQUEST);
    let answer = Answer::new(status, &body)?;
    let mut command = crate::setup::writes(till.project, vec![put(&redemption)?]);
    command.now = till.now;
    command.once = once.map(|key| key.once(&answer));
    Ok((command, answer))
}

/// Which redeemable fails the call, and how that is said.
fn failure(till: &Till<'_>, quote: &Quote) -> (usize, ErrorBody) {
    let request_id = telemetry::request_id();
    let fates = quote.fates.iter().enumerate();
    let mut passed_over = fates.filter_map(|(index, fate)| match fate {
        Fate::Refused(refusal) => Some((index, refusal)),
        _ => None,
    });
    let Some((index, refusal)) = quote.failure().or_else(|| passed_over.next()) else {
        let body = ErrorBody::new(Key::NoApplicableRedeemables, None, &request_id);
        return (0, body);
    };
    let input = till.offered.get(index).map(|offered| &offered.input);
    match input.map(|input| Inapplicable::of(refusal, input, &request_id)) {
        Some(Inapplicable::Error(body)) => (index, *body),
        _ => {
            let details = Some(refusal.sentence());
            let mut body = ErrorBody::new(Key::NoApplicableRedeemables, details, &request_id);
            body.proffer = Some(Plainly::of(refusal));
            (index, body)
        }
    }
}

/// What writes a redemption down.
///
/// # Errors
/// Never for what is stored here; a fault if it happens.
pub fn put(redemption: &Redemption) -> Result<Write, Refused> {
    Ok(Write::Put {
        kind: Kind::Redemption,
        id: redemption.id,
        body: write(redemption)?,
    })
}

/// A redemption that will succeed unless somebody is faster.
struct Using<'a> {
    app: &'a App,
    request: &'a RedemptionRequest,
    quote: &'a Quote,
    /// The redemption, or the parent of several.
    top: u64,
    order: Option<u64>,
}

impl Using<'_> {
    async fn commit(
        &self,
        mut till: Till<'_>,
        once: Option<once::Key>,
    ) -> Result<Option<Answer>, Refused> {
        self.keep_customer(&mut till)?;
        let order = self.order_view(&till);
        let (mut booking, mut made) = (self.let_go(&till), Vec::new());
        let counts = self.counts(&mut till).await?;
        for ((found, discount), counts) in used(&till, self.quote).zip(counts) {
            let is_alone = self.quote.applied().len() == 1;
            let id = if is_alone {
                self.top
            } else {
                self.app.next_id()
            };
            let given = found.given(discount);
            let checkout = Checkout {
                given: std::slice::from_ref(&given),
                occasion: &till.occasion,
                held: &found.held,
            };
            let happening = Happening::Redeemed {
                checkout: &checkout,
            };
            booking = booking.then(book(&happening, id));
            let parent = (!is_alone).then_some(self.top);
            let view = self.view(&till, (found, discount), (id, parent, counts))?;
            made.push(Child {
                id,
                found,
                discount,
                view,
            });
        }
        let (writes, answer) = self.writes(&till, &made, &order)?;
        let mut expects = till.expects();
        expects.extend(till.stored.as_ref().map(|(order, version)| Expect {
            kind: Kind::Order,
            id: order.id,
            version: *version,
        }));
        let (project, now) = (till.project, till.now);
        drop(made);
        let (of_people, changed) = till.people.finish()?;
        expects.extend(of_people);
        let command = Command {
            project,
            now,
            once: once.map(|key| key.once(&answer)),
            expects,
            openings: booking.openings,
            chain: booking.chain,
            writes: [writes, changed].concat(),
        };
        // Whoever was faster took the limit, the order or the code: look again.
        Ok(answer.after(self.app.store().submit(command).await?)?.ok())
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

    /// What the session holds for what is not used after all.
    fn let_go(&self, till: &Till<'_>) -> Booking {
        let is_used = |redeemable: &Redeemable| {
            used(till, self.quote).any(|(found, _)| found.redeemable == *redeemable)
        };
        let rest = till.session_holds.iter().filter(|(one, _)| !is_used(one));
        let rest: Vec<_> = rest.cloned().collect();
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
            asked.push((voucher, limited, (found.campaign.id, left)));
        }
        let mut counts = Vec::new();
        for (voucher, limited, (campaign, balance)) in asked {
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
            let sold = view.account(chart::gift_sold(campaign, voucher)).await?;
            let net = |one: &Account| one.debits.posted.saturating_sub(one.credits.posted);
            counts.push(Counts {
                used: used.saturating_add(1),
                loaded: sold.as_ref().map_or(0, net),
                balance,
            });
        }
        Ok(counts)
    }

    fn order_view(&self, till: &Till<'_>) -> OrderView {
        let mut view = validations::order_view(till, self.quote);
        let stored = till.stored.as_ref().map(|(order, _)| order);
        view.id = self.order.map(|id| ids::format(Tag::Order, id));
        view.status = Some(match till.input.status {
            Some(OrderStatus::Fulfilled) => OrderStatus::Fulfilled,
            _ => OrderStatus::Paid,
        });
        view.created_at = Some(stored.map_or(till.now, |order| order.created_at));
        view.updated_at = stored.map(|_| till.now);
        let before = stored.and_then(|order| order.view.redemptions.clone());
        let top = ids::format(Tag::Redemption, self.top);
        let mut redemptions = before.unwrap_or_default();
        redemptions.insert(
            top.clone(),
            OrderRedemption {
                date: Some(till.now),
                related_object_type: "redemption".into(),
                related_object_id: top,
                ..OrderRedemption::default()
            },
        );
        view.redemptions = Some(redemptions);
        view
    }

    /// One use, as it is shown.
    fn view(
        &self,
        till: &Till<'_>,
        (found, discount): (&Found, &Discount),
        (id, parent, counts): (u64, Option<u64>, Counts),
    ) -> Result<RedemptionView, Refused> {
        let mut view = self.bare_view(till, id);
        view.redemption = parent.map(|parent| ids::format(Tag::Redemption, parent));
        let discounts = self.quote.priced.discounts.iter();
        let mut places = discounts.map(|one| one.redeemable);
        let at = places.position(|one| one == discount.redeemable);
        let mut order = OrderView::after(&till.input, &self.quote.priced, at.unwrap_or(0));
        order.id = self.order.map(|id| ids::format(Tag::Order, id));
        order.status = Some(OrderStatus::Paid);
        order.customer_id.clone_from(&view.customer_id);
        order.customer = view.customer_id.clone().map(CustomerRef::new);
        if parent.is_some() {
            order.items.clear();
        }
        view.order = Some(order);
        if found.offer.benefit == offers::Benefit::Credit {
            view.amount = Some(discount.amount);
            view.gift = Some(GiftRedeemed {
                amount: discount.amount,
            });
        }
        match (&found.issued, found.redeemable) {
            (Some((issued, _)), _) => {
                let standing = (&found.campaign, &found.offer);
                let voucher = vouchers::counted_view(issued, standing, counts);
                view.related_object_type = "voucher";
                view.related_object_id.clone_from(&voucher.id);
                view.voucher = Some(voucher);
            }
            (None, _) => {
                view.related_object_type = "promotion_tier";
                view.related_object_id = ids::format(Tag::Tier, found.offer.id.0);
                let tier = till.compiled.offers.get(&found.offer.id);
                let tier = tier.map(|tier| promotions::bare_view(&found.campaign, tier));
                view.promotion_tier = tier.transpose()?;
            }
        }
        Ok(view)
    }

    fn bare_view(&self, till: &Till<'_>, id: u64) -> RedemptionView {
        let mut view = RedemptionView::succeeded(ids::format(Tag::Redemption, id), till.now);
        view.tracking_id.clone_from(&self.request.tracking_id);
        view.metadata.clone_from(&self.request.metadata);
        view.channel = Some(Channel {
            channel_id: "api".into(),
            channel_type: "API",
        });
        let key = session_key(self.request).ok().flatten();
        view.session = key.map(|key| RedemptionSession { key: key.into() });
        let person = till.customer.and_then(|id| till.people.person(id));
        view.customer = person.map(|person| {
            let said = customers::said(person).unwrap_or_default();
            SimpleCustomer {
                id: ids::format(Tag::Customer, person.id.0),
                name: said.name,
                email: said.email,
                source_id: person.source_id.clone(),
                metadata: said.metadata.unwrap_or_default(),
                object: "customer",
            }
        });
        view.customer_id = view.customer.as_ref().map(|customer| customer.id.clone());
        view
    }

    /// All records of the redemption, and the answer.
    fn writes(
        &self,
        till: &Till<'_>,
        made: &[Child<'_>],
        order: &OrderView,
    ) -> Result<(Vec<Write>, Answer), Refused> {
        let parent = self.parent(till, made, order);
        let all = rows(till, self.quote);
        let skipped = all.into_iter();
        let skipped = skipped.filter(|row| row.status == RowStatus::Skipped);
        let response = RedemptionResponse {
            redemptions: made.iter().map(|child| child.view.clone()).collect(),
            parent_redemption: parent.clone(),
            order: self.order.map(|_| order.clone()),
            inapplicable_redeemables: Vec::new(),
            skipped_redeemables: skipped.collect(),
        };
        let answer = json(&response)?;
        let mut writes = Vec::new();
        for child in made {
            writes.extend(self.record(till, child, &answer)?);
        }
        if let Some(view) = &parent {
            let redemption = Redemption {
                children: made.iter().map(|child| child.id).collect(),
                view: json(view)?,
                answer: answer.clone(),
                ..self.blank(till, self.top)
            };
            writes.push(put(&redemption)?);
        }
        writes.extend(self.links(till));
        writes.extend(self.kept_order(till, made, order)?);
        if let Some((id, reservation, _)) = &till.reservation {
            writes.extend(forgotten(*id, &reservation.key));
        }
        Ok((writes, Answer::ok(&answer)?))
    }

    fn parent(
        &self,
        till: &Till<'_>,
        made: &[Child<'_>],
        order: &OrderView,
    ) -> Option<RedemptionView> {
        if made.len() < 2 {
            return None;
        }
        let mut view = self.bare_view(till, self.top);
        view.related_object_id.clone_from(&view.id);
        view.order = self.order.map(|_| order.clone());
        let children = made.iter();
        let links = children.map(|child| wire::voucherify::RedemptionLink {
            id: ids::format(Tag::Redemption, child.id),
            date: till.now,
        });
        view.related_redemptions = Some(wire::voucherify::RelatedRedemptions {
            rollbacks: Vec::new(),
            redemptions: links.collect(),
        });
        Some(view)
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
            shares: Vec::new(),
            rest: 0,
            given_back: 0,
            state: RedemptionState::Succeeded,
            view: serde_json::Value::Null,
            answer: serde_json::Value::Null,
        }
    }

    fn record(
        &self,
        till: &Till<'_>,
        child: &Child<'_>,
        answer: &serde_json::Value,
    ) -> Result<Vec<Write>, Refused> {
        let is_alone = child.id == self.top;
        let (shares, rest) = self.shares(till, child.discount);
        let redemption = Redemption {
            parent: (!is_alone).then_some(self.top),
            redeemable: Some(child.found.redeemable),
            decision: child.found.decision,
            shares,
            rest,
            view: json(&child.view)?,
            answer: if is_alone {
                answer.clone()
            } else {
                serde_json::Value::Null
            },
            ..self.blank(till, child.id)
        };
        let link = |index: Index, of: u64| Write::Link {
            index,
            key: key(of),
            id: child.id,
        };
        let mut writes = vec![
            put(&redemption)?,
            link(Index::RedemptionsOfCampaign, child.found.campaign.id.0),
        ];
        let voucher = child.found.voucher.as_ref();
        writes.extend(voucher.map(|one| link(Index::RedemptionsOfVoucher, one.id.0)));
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

    fn links(&self, till: &Till<'_>) -> Vec<Write> {
        let link = |index: Index, of: u64| Write::Link {
            index,
            key: key(of),
            id: self.top,
        };
        let customer = till
            .customer
            .map(|id| link(Index::RedemptionsOfCustomer, id.0));
        let order = self.order.map(|id| link(Index::RedemptionsOfOrder, id));
        customer.into_iter().chain(order).collect()
    }

    fn kept_order(
        &self,
        till: &Till<'_>,
        made: &[Child<'_>],
        view: &OrderView,
    ) -> Result<Vec<Write>, Refused> {
        let Some(id) = self.order else {
            return Ok(Vec::new());
        };
        let stored = till.stored.as_ref().map(|(order, _)| order);
        let mut uses = stored.map(|order| order.uses.clone()).unwrap_or_default();
        uses.push(OrderUse {
            redemption: self.top,
            asked: asked(till),
            redeemables: made.iter().map(|one| one.found.redeemable).collect(),
            discount: made.iter().map(|one| on_goods(one.discount)).sum(),
            is_undone: false,
        });
        let order = StoredOrder {
            id,
            input: till.input.clone(),
            view: view.clone(),
            customer: till.customer.map(|customer| customer.0),
            uses,
            created_at: stored.map_or(till.now, |order| order.created_at),
            updated_at: stored.map(|_| till.now),
        };
        let mut writes = vec![Write::Put {
            kind: Kind::Order,
            id,
            body: write(&order)?,
        }];
        let source = till.input.source_id.as_ref().filter(|_| stored.is_none());
        writes.extend(source.map(|source| Write::Link {
            index: Index::OrderSource,
            key: source.as_bytes().to_vec(),
            id,
        }));
        Ok(writes)
    }
}

fn on_goods(discount: &Discount) -> u64 {
    discount.amount.saturating_sub(discount.on_shipping)
}

fn share((line, amount): (&offers::PricedLine, u64)) -> Share {
    Share {
        units: line.quantity,
        amount,
        returned: 0,
    }
}

fn json<T: serde::Serialize>(view: &T) -> Result<serde_json::Value, Refused> {
    serde_json::to_value(view).map_err(|error| Refused::Fault(error.to_string()))
}

/// One use on its way to being kept.
struct Child<'a> {
    id: u64,
    found: &'a Found,
    discount: &'a Discount,
    view: RedemptionView,
}

/// All redemptions, newest first, failed ones included.
#[utoipa::path(get, path = "/v1/redemptions",
    responses((status = 200, body = List<RedemptionView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Redeem>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let page = (Kind::Redemption, asked.paging()?);
    let (records, total) = page_of(&app, caller.project, page).await?;
    let mut rows = Vec::new();
    for record in records {
        rows.push(read::<Redemption>(&record.body)?.view);
    }
    let wanted = asked.get("result").map(str::to_uppercase);
    rows.retain(|row| {
        let result = row.get("result").and_then(serde_json::Value::as_str);
        wanted.is_none() || result == wanted.as_deref()
    });
    Answer::ok(&List::page("redemptions", rows, total))
}

/// One redemption or rollback.
#[utoipa::path(get, path = "/v1/redemptions/{id}",
    responses((status = 200, body = RedemptionView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    if let Ok(id) = ids::parse(Tag::Rollback, &name) {
        let record = app.store().get(caller.project, Kind::Rollback, id).await?;
        let record = record.ok_or_else(|| not_found("redemption", &name))?;
        return Answer::ok(&read::<serde_json::Value>(&record.body)?);
    }
    let (redemption, _) = find(&app, caller.project, &name).await?;
    Answer::ok(&redemption.view)
}

/// A redemption by its id.
///
/// # Errors
/// When there is none.
pub async fn find(app: &App, project: ProjectId, name: &str) -> Result<(Redemption, u64), Refused> {
    let id = ids::parse(Tag::Redemption, name);
    let id = id.or_else(|_| ids::parse(Tag::FailedRedemption, name));
    let missing = || not_found("redemption", name);
    let id = id.map_err(|_| missing())?;
    load(app, project, id).await?.ok_or_else(missing)
}

/// The redemptions of a voucher, newest first.
#[utoipa::path(get, path = "/v1/vouchers/{code}/redemption",
    responses((status = 200, body = VoucherRedemptions)))]
async fn of_voucher(
    State(app): State<App>,
    caller: Caller<Redeem>,
    Path(code): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let project = caller.project;
    let paging = asked.paging()?;
    let compiled = app.compiled(project).await?;
    let (issued, _) = vouchers::find(&app, project, &code).await?;
    let (campaign, _) = vouchers::standing(&compiled, &issued)?;
    let counts = vouchers::counts(&app, project, (&issued, campaign)).await?;
    let voucher = &issued.thing.voucher;
    let of = key(voucher.id.0);
    let index = (Index::RedemptionsOfVoucher, of.as_slice());
    let found = app.store().find(project, index, paging.upto()).await?;
    let total = app.store().count(project, index.0, index.1).await?;
    let page = paging.cut(found);
    let records = app
        .store()
        .get_many(project, Kind::Redemption, &page)
        .await?;
    let mut entries = Vec::new();
    for record in records.into_iter().flatten() {
        entries.push(read::<Redemption>(&record.body)?.view);
    }
    let is_gift = matches!(voucher.kind, offers::VoucherKind::GiftCard { .. });
    let spent = counts.loaded.saturating_sub(counts.balance);
    let mut view = json(&VoucherRedemptions {
        quantity: voucher.quantity,
        redeemed_quantity: counts.used,
        redeemed_amount: is_gift.then_some(spent),
        object: "list",
        url: format!("/v1/vouchers/{}/redemption", voucher.code),
        data_ref: "redemption_entries",
        total,
        redemption_entries: Vec::new(),
    })?;
    if let Some(view) = view.as_object_mut() {
        view.insert("redemption_entries".into(), entries.into());
    }
    Answer::ok(&view)
}
