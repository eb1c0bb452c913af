//! How is a redemption shown, with its order and what was used on it? All of it follows from what
//! is kept.

use std::collections::BTreeMap;

use offers::{Currency, Stack};
use rules::{Facts, Reads};
use serde_json::Value;
use store::View;
use wire::voucherify::{
    PointsResult, RedemptionLink, RedemptionStatus, RelatedRedemptions, RollbackLink,
    order_to_domain,
};

use super::{
    given_back::{put_back, without_discounts},
    *,
};
use crate::{
    api::dialect::impossible,
    checkout::{Earlier, Sale, Used, UsedCard, UsedVoucher, sale_of},
};

/// When it is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// As it was answered: of what was taken back later nothing is known.
    Answered,
    Known,
}

pub(super) fn json<T: serde::Serialize>(view: &T) -> Result<Value, Refused> {
    serde_json::to_value(view).map_err(|error| Refused::Fault(error.to_string()))
}

/// Redemptions as they are, in the order they are given.
pub(super) async fn known(
    view: &mut View,
    redemptions: &[Redemption],
) -> Result<Vec<Value>, Refused> {
    let orphans = redemptions.iter().filter(|one| one.sale.is_none());
    let parents: Vec<u64> = orphans.filter_map(|one| one.parent).collect();
    let mut sales: BTreeMap<u64, Sale> = BTreeMap::new();
    let records = view.get_many(Kind::Redemption, &parents).await?;
    for record in records.iter().flatten() {
        let parent: Redemption = versioned::read(&record.body)?;
        sales.extend(parent.sale.map(|sale| (parent.id, *sale)));
    }
    let shown = redemptions.iter().map(|redemption| {
        let above = || redemption.parent.and_then(|parent| sales.get(&parent));
        let sale = redemption.sale.as_deref().or_else(above);
        shown(redemption, sale, As::Known)
    });
    shown.collect()
}

/// What the call that made a redemption, or the parent of several, was answered.
pub(super) async fn answered(view: &mut View, top: &Redemption) -> Result<Value, Refused> {
    let mut children: Vec<Redemption> = Vec::new();
    let records = view.get_many(Kind::Redemption, &top.children).await?;
    for record in records.iter().flatten() {
        children.push(versioned::read(&record.body)?);
    }
    answer(top, &children)
}

/// A redemption that stands alone, as it was answered.
pub(super) fn alone(of: &Redemption) -> Result<Value, Refused> {
    shown(of, of.sale.as_deref(), As::Answered)
}

/// The same, of what is at hand.
pub(super) fn answer(top: &Redemption, children: &[Redemption]) -> Result<Value, Refused> {
    let sale = top.sale.as_deref();
    let sale = sale.ok_or_else(|| Refused::Fault("a redemption has no sale".into()))?;
    let is_alone = children.is_empty();
    let of_one = is_alone.then_some(top);
    let all = children.iter().chain(of_one);
    let told = |one: &Redemption| shown(one, Some(sale), As::Answered);
    let redemptions: Vec<Value> = all.map(told).collect::<Result<_, _>>()?;
    let order = top.order.map(|id| sale.order_view((id, top))).transpose()?;
    let response = RedemptionResponse {
        redemptions: Vec::new(),
        parent_redemption: None,
        order,
        inapplicable_redeemables: Vec::new(),
        skipped_redeemables: Vec::new(),
    };
    let mut answer = json(&response)?;
    set(&mut answer, "redemptions", redemptions.into());
    if !is_alone {
        set(&mut answer, "parent_redemption", told(top)?);
    }
    let others = [
        ("skipped_redeemables", &sale.skipped),
        ("inapplicable_redeemables", &sale.inapplicable),
    ];
    for (member, rows) in others {
        let rows = rows.value()?;
        if !rows.is_null() {
            set(&mut answer, member, rows);
        }
    }
    Ok(answer)
}

fn set(view: &mut Value, member: &str, value: Value) {
    if let Some(members) = view.as_object_mut() {
        members.insert(member.into(), value);
    }
}

fn shown(of: &Redemption, sale: Option<&Sale>, when: As) -> Result<Value, Refused> {
    if let Used::Nothing { shown: view, .. } = &of.used {
        return view.value();
    }
    let sale = sale.ok_or_else(|| Refused::Fault("a redemption has no sale".into()))?;
    let mut view = bare(of, sale)?;
    let mut tier = None;
    match &of.used {
        Used::Nothing { .. } => {}
        Used::Several => tell_several(&mut view, of, sale)?,
        Used::Voucher(used) => tell_voucher(&mut view, (of, used), sale)?,
        Used::Card(used) => tell_card(&mut view, (of, used), sale)?,
        Used::Tier(used) => {
            view.related_object_type = "promotion_tier";
            if let Some(Redeemable::Tier(offer)) = of.redeemable {
                view.related_object_id = ids::format(Tag::Tier, offer.0);
            }
            view.order = Some(order_of_one(of, sale)?);
            tier = Some(used.value()?).filter(|tier| !tier.is_null());
        }
    }
    if when == As::Known {
        take_back(of, &mut view);
    }
    let mut view = json(&view)?;
    if let Some(tier) = tier {
        set(&mut view, "promotion_tier", tier);
    }
    Ok(view)
}

fn tell_several(view: &mut RedemptionView, of: &Redemption, sale: &Sale) -> Result<(), Refused> {
    view.related_object_id.clone_from(&view.id);
    view.order = of.order.map(|id| sale.order_view((id, of))).transpose()?;
    let links = of.children.iter().map(|id| RedemptionLink {
        id: ids::format(Tag::Redemption, *id),
        date: sale.date,
    });
    view.related_redemptions = Some(RelatedRedemptions {
        rollbacks: Vec::new(),
        redemptions: links.collect(),
    });
    Ok(())
}

fn tell_voucher(
    view: &mut RedemptionView,
    (of, used): (&Redemption, &UsedVoucher),
    sale: &Sale,
) -> Result<(), Refused> {
    let voucher = vouchers::used_view(used)?;
    view.related_object_type = "voucher";
    view.related_object_id.clone_from(&voucher.id);
    view.voucher = Some(voucher);
    view.order = Some(order_of_one(of, sale)?);
    if used.benefit == offers::Benefit::Credit {
        let amount = sale.place(of).map_or(0, |(_, discount)| discount.amount);
        view.amount = Some(amount);
        view.gift = Some(GiftRedeemed { amount });
    }
    Ok(())
}

fn tell_card(
    view: &mut RedemptionView,
    (of, used): (&Redemption, &UsedCard),
    sale: &Sale,
) -> Result<(), Refused> {
    let voucher = vouchers::used_card_view(used)?;
    view.related_object_type = "voucher";
    view.related_object_id.clone_from(&voucher.id);
    view.voucher = Some(voucher);
    view.amount = Some(used.points);
    view.loyalty_card = Some(PointsResult {
        points: used.points,
    });
    view.reward = used.reward.read()?;
    if of.order.is_some() {
        view.order = Some(order_of_one(of, sale)?);
    }
    Ok(())
}

fn bare(of: &Redemption, sale: &Sale) -> Result<RedemptionView, Refused> {
    let mut view = RedemptionView::succeeded(ids::format(Tag::Redemption, of.id), sale.date);
    view.tracking_id.clone_from(&sale.tracking_id);
    view.metadata = sale.metadata.read()?;
    view.channel = Some(Channel::api());
    let key = sale.session.clone();
    view.session = key.map(|key| RedemptionSession { key });
    view.customer_id = of.customer.map(|id| ids::format(Tag::Customer, id));
    view.redemption = of.parent.map(|parent| ids::format(Tag::Redemption, parent));
    Ok(view)
}

/// The order as one redeemable left it.
fn order_of_one(of: &Redemption, sale: &Sale) -> Result<OrderView, Refused> {
    let at = sale.place(of).map_or(0, |(at, _)| at);
    let input: OrderInput = sale.input.read()?;
    let mut order = OrderView::after(&input, &sale.priced, at);
    order.id = of.order.map(|id| ids::format(Tag::Order, id));
    order.status = Some(OrderStatus::Paid);
    tell_people(&mut order, (of.customer, &input));
    if of.parent.is_some() {
        order.items.clear();
    }
    Ok(order)
}

/// Tells whose an order is, and who sent them: what is kept of the order names them by our id.
fn tell_people(order: &mut OrderView, (customer, kept): (Option<u64>, &OrderInput)) {
    order.customer_id = customer.map(|id| ids::format(Tag::Customer, id));
    order.customer = order.customer_id.clone().map(CustomerRef::new);
    order.referrer_id.clone_from(&kept.referrer_id);
    order.referrer = order.referrer_id.clone().map(CustomerRef::new);
}

/// Tells of the rollbacks.
fn take_back(of: &Redemption, view: &mut RedemptionView) {
    if of.state == RedemptionState::RolledBack {
        view.status = RedemptionStatus::RolledBack;
    }
    if !of.rollbacks.is_empty() {
        let related = view.related_redemptions.get_or_insert_default();
        let links = of.rollbacks.iter().map(|back| RollbackLink {
            id: ids::format(Tag::Rollback, back.id),
            date: back.date,
            rollback_order_mode: "WITH_ORDER",
        });
        related.rollbacks = links.collect();
    }
}

impl Sale {
    /// What a redemption gave, and which place it has among the discounts.
    fn place(&self, of: &Redemption) -> Option<(usize, &Discount)> {
        let mut discounts = self.priced.discounts.iter().enumerate();
        discounts.find(|(_, one)| Some(one.redeemable) == of.redeemable)
    }

    /// The order with all that was used, as it was answered.
    fn order_view(&self, (id, top): (u64, &Redemption)) -> Result<OrderView, Refused> {
        let this = Earlier::of(top, self.date);
        let all = self.earlier.iter().chain([&this]);
        let mut view = self.order((id, top.customer), all)?;
        view.created_at = Some(self.created_at.unwrap_or(self.date));
        view.updated_at = self.created_at.map(|_| self.date);
        Ok(view)
    }

    fn order<'a>(
        &self,
        (id, customer): (u64, Option<u64>),
        uses: impl Iterator<Item = &'a Earlier>,
    ) -> Result<OrderView, Refused> {
        let input: OrderInput = self.input.read()?;
        let mut view = OrderView::priced(&input, &self.priced);
        tell_people(&mut view, (customer, &input));
        view.id = Some(ids::format(Tag::Order, id));
        view.status = Some(match input.status {
            Some(OrderStatus::Fulfilled) => OrderStatus::Fulfilled,
            _ => OrderStatus::Paid,
        });
        view.redemptions = Some(uses.map(told).collect());
        Ok(view)
    }
}

fn told(of: &Earlier) -> (String, OrderRedemption) {
    let name = ids::format(Tag::Redemption, of.redemption);
    let rollback = of.rollback;
    let names = |tag: Tag, all: &[u64]| all.iter().map(|id| ids::format(tag, *id)).collect();
    let told = OrderRedemption {
        date: Some(of.date),
        rollback_id: rollback.map(|back| ids::format(Tag::Rollback, back.id)),
        rollback_date: rollback.map(|back| back.date),
        related_object_type: "redemption".into(),
        related_object_id: name.clone(),
        related_object_parent_id: None,
        stacked: names(Tag::Redemption, &of.stacked),
        rollback_stacked: names(Tag::Rollback, &of.rollback_stacked),
    };
    (name, told)
}

/// A stored order as it stands: as the shop told of it since its last use, else by its last sale.
///
/// # Errors
/// When what is kept cannot be read.
pub async fn order_now(view: &mut View, order: &StoredOrder) -> Result<OrderView, Refused> {
    let mut shown = match &order.said {
        Some(said) => as_said(order, &said.read()?)?,
        None => as_sold(order, &sale_of(view, order).await?)?,
    };
    shown.created_at = Some(order.created_at);
    shown.updated_at = order.updated_at;
    Ok(shown)
}

/// Stored orders as they stand, each with the currency it names: what was sold last of all of them
/// is read at once.
///
/// # Errors
/// When what is kept cannot be read.
pub async fn orders_now(
    view: &mut View,
    orders: &[StoredOrder],
) -> Result<Vec<(OrderView, Option<String>)>, Refused> {
    let sold = orders.iter().filter(|order| order.said.is_none());
    let sold: Vec<u64> = sold.filter_map(StoredOrder::last).collect();
    let mut sales: BTreeMap<u64, Sale> = BTreeMap::new();
    for record in view
        .get_many(Kind::Redemption, &sold)
        .await?
        .iter()
        .flatten()
    {
        let last: Redemption = versioned::read(&record.body)?;
        sales.extend(last.sale.map(|sale| (last.id, *sale)));
    }
    let now = orders.iter().map(|order| {
        let sale = order.last().and_then(|last| sales.get(&last));
        let (view, input): (_, OrderInput) = match (&order.said, sale) {
            (Some(said), _) => {
                let input = said.read()?;
                (as_said(order, &input)?, input)
            }
            (None, Some(sale)) => (as_sold(order, sale)?, sale.input.read()?),
            (None, None) => return Err(Refused::Fault("an order's redemption is lost".into())),
        };
        Ok((view, input.currency))
    });
    now.collect()
}

fn as_sold(order: &StoredOrder, sale: &Sale) -> Result<OrderView, Refused> {
    let uses = order.uses.iter().map(|one| &one.earlier);
    let mut view = sale.order((order.id, order.customer), uses)?;
    match order.is_given_back() {
        true => without_discounts(&mut view),
        false => put_back(&mut view, (order, sale))?,
    }
    Ok(view)
}

/// What the shop sent, less what the redemptions that stand take off.
///
/// # Errors
/// Where it does not fit.
pub fn as_said(order: &StoredOrder, input: &OrderInput) -> Result<OrderView, Refused> {
    // It names its own.
    let currency = Currency(*b"EUR");
    let goods = order_to_domain(input, currency, &Reads::nothing());
    let mut goods = goods.map_err(|wrong| impossible(&wrong))?;
    goods.discount = goods.discount.saturating_add(order.taken_off());
    let priced = offers::price(&goods, &Facts::none(), &Stack::default());
    let mut view = OrderView::before(input, &priced);
    tell_people(&mut view, (order.customer, input));
    view.id = Some(ids::format(Tag::Order, order.id));
    if !order.uses.is_empty() {
        let uses = order.uses.iter().map(|one| &one.earlier);
        view.redemptions = Some(uses.map(told).collect());
    }
    Ok(view)
}
