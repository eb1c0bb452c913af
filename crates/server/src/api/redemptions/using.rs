//! What does a redemption write? The transfers, every record and the answer, as one command.

use super::*;
use crate::lending;

/// A redemption that will succeed unless somebody is faster.
pub(super) struct Using<'a> {
    pub(super) app: &'a App,
    pub(super) request: &'a RedemptionRequest,
    pub(super) quote: &'a Quote,
    /// The redemption, or the parent of several.
    pub(super) top: u64,
    pub(super) order: Option<u64>,
}

impl Using<'_> {
    pub(super) async fn commit(
        &self,
        mut till: Till<'_>,
        once: Option<once::Key>,
    ) -> Result<Option<Answer>, Refused> {
        self.keep_customer(&mut till)?;
        let order = self.order_view(&till);
        let (mut booking, mut made) = (self.let_go(&till)?, Vec::new());
        let counts = self.counts(&mut till).await?;
        for ((found, discount), counts) in used(&till, self.quote).zip(counts) {
            let is_alone = self.quote.applied().len() == 1;
            let id = if is_alone {
                self.top
            } else {
                self.app.next_id()?
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
        let lent = till.lent();
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
        let outcome = lending::submit(self.app, command, &lent).await?;
        Ok(answer.after(outcome)?.ok())
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
    fn let_go(&self, till: &Till<'_>) -> Result<Booking, Refused> {
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
        view.customer_id = person.map(|person| ids::format(Tag::Customer, person.id.0));
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
            writes.extend(super::made(&redemption)?);
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
        let mut writes = super::made(&redemption)?.to_vec();
        writes.push(link(
            Index::RedemptionsOfCampaign,
            child.found.campaign.id.0,
        ));
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
            // Whose it is says the number below, for as long as it leads to anybody.
            input: OrderInput {
                customer: None,
                referrer: None,
                ..till.input.clone()
            },
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

pub(super) fn json<T: serde::Serialize>(view: &T) -> Result<serde_json::Value, Refused> {
    serde_json::to_value(view).map_err(|error| Refused::Fault(error.to_string()))
}

/// One use on its way to being kept.
struct Child<'a> {
    id: u64,
    found: &'a Found,
    discount: &'a Discount,
    view: RedemptionView,
}
