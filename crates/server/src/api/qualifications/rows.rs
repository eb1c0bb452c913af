//! What does a row tell of what applies, and which rows are wanted?

use ledger::Timestamp;
use offers::VoucherKind;
use wire::{
    ids::{self, Tag},
    voucherify::{
        List, OrderView, QualificationOptions, QualificationRow, RedeemableKind, RowResult,
    },
};

use super::which::Stacked;
use crate::{
    api::{
        campaigns, validation_rules,
        validations::{
            goods_of, order_view, result_of,
            telling::{self, Told},
            with_customer,
        },
    },
    checkout::{Found, Offered, Quote, Till},
    problem::Refused,
};

/// What rows can be filtered by.
pub const FIELDS: [&str; 8] = [
    "category_id",
    "campaign_id",
    "campaign_type",
    "resource_id",
    "resource_type",
    "voucher_type",
    "code",
    "holder_role",
];

/// A row on its way.
pub struct Row {
    pub view: QualificationRow,
    /// What rules may be assigned to: itself, its campaign.
    objects: Vec<u64>,
}

/// One redeemable that applies; with what it does where it does something.
pub fn row(till: &Till<'_>, offered: &Offered, (quote, at): (&Quote, usize)) -> Row {
    let found = offered.found.as_ref();
    let issued = found.and_then(|found| found.issued.as_ref());
    let tier = found.and_then(|found| till.compiled.offers.get(&found.offer.id));
    let tier = tier.filter(|_| offered.input.object == RedeemableKind::PromotionTier);
    let made: Option<Timestamp> = tier
        .map(|tier| tier.created_at)
        .or(issued.map(|(issued, _)| issued.created_at));
    let told = telling::told(till, offered);
    let mut view = bare(offered.input.id.clone(), told);
    view.object = offered.input.object.name();
    view.created_at = made.unwrap_or(till.now);
    view.result = result_of(found, (quote, at));
    view.applicable_to = goods_of(till, (quote, at));
    view.categories = telling::categories(found);
    Row {
        view,
        objects: found.map(objects).unwrap_or_default(),
    }
}

fn bare(id: String, told: Told) -> QualificationRow {
    QualificationRow {
        id,
        object: "",
        created_at: 0,
        result: RowResult::default(),
        order: None,
        validation_rule_id: None,
        applicable_to: List::default(),
        inapplicable_to: List::default(),
        metadata: told.metadata,
        categories: Vec::new(),
        banner: told.banner,
        name: told.name,
        campaign_name: told.campaign_name,
        campaign_id: told.campaign_id,
        validation_rules_assignments: None,
        redeemables: None,
    }
}

fn objects(found: &Found) -> Vec<u64> {
    let voucher = found.voucher.as_ref().map(|voucher| voucher.id.0);
    let own = voucher.unwrap_or(found.offer.id.0);
    vec![own, found.campaign.id.0]
}

impl Row {
    /// A stack, with its tiers that apply.
    pub fn of_stack(
        till: &Till<'_>,
        stack: &Stacked,
        (offered, quote): (&[&Offered], &Quote),
    ) -> Self {
        let tiers = quote.applied().into_iter().filter_map(|(index, at)| {
            let mut row = row(till, offered.get(index)?, (quote, at));
            let order = OrderView::after(&till.input, &quote.priced, at);
            row.view.order = Some(with_customer(order, till));
            Some(row.view)
        });
        let tiers: Vec<QualificationRow> = tiers.collect();
        let campaign = offered.iter().find_map(|one| one.found.as_ref());
        let told = Told {
            name: stack.thing().name.clone(),
            campaign_name: campaign.map(|found| found.campaign.name.to_string()),
            campaign_id: stack.thing().campaign_id.clone(),
            ..Told::default()
        };
        let mut view = bare(ids::format(Tag::PromotionStack, stack.id), told);
        view.object = RedeemableKind::PromotionStack.name();
        view.created_at = stack.times().0;
        view.order = Some(order_view(till, quote));
        view.redeemables = Some(tiers);
        Self {
            view,
            objects: stack.thing().campaign().into_iter().collect(),
        }
    }
}

/// Tells which validation rules are assigned to what applies, or to its campaign.
pub async fn tell_rules(till: &mut Till<'_>, rows: &mut [Row]) -> Result<(), Refused> {
    for row in rows {
        let mut assigned = Vec::new();
        for object in &row.objects {
            let shown = validation_rules::shown(till.app, till.project, *object).await?;
            assigned.extend(shown.rows);
        }
        row.view.validation_rule_id = assigned.first().map(|one| one.rule_id.clone());
        row.view.validation_rules_assignments = Some(List::whole(assigned));
    }
    Ok(())
}

/// Keeps of what was put forward what the filters let pass.
pub fn keep(till: &mut Till<'_>, options: &QualificationOptions) {
    let Some(filters) = &options.filters else {
        return;
    };
    let mut offered = std::mem::take(&mut till.offered);
    offered.retain(|one| {
        let found = one.found.as_ref();
        found.is_some_and(|found| filters.lets_pass(|field| texts(till, (one, found), field)))
    });
    till.offered = offered;
}

fn texts(till: &Till<'_>, (offered, found): (&Offered, &Found), field: &str) -> Vec<String> {
    let voucher = found.voucher.as_ref();
    let one = match field {
        "category_id" => found
            .group
            .as_ref()
            .map(|(_, told)| told.category.id.clone()),
        "campaign_id" => telling::told(till, offered).campaign_id,
        "campaign_type" => campaign_type(till, found),
        "resource_id" => {
            let id = voucher.map(|voucher| ids::format(Tag::Voucher, voucher.id.0));
            return id.into_iter().chain([offered.input.id.clone()]).collect();
        }
        "resource_type" => Some(offered.input.object.name().to_owned()),
        "voucher_type" => voucher.map(|voucher| match voucher.kind {
            VoucherKind::Discount => "DISCOUNT_VOUCHER".to_owned(),
            VoucherKind::GiftCard { .. } => "GIFT_VOUCHER".to_owned(),
            VoucherKind::LoyaltyCard { .. } => "LOYALTY_CARD".to_owned(),
        }),
        "code" => voucher.map(|voucher| voucher.code.to_string()),
        _ => {
            let holder = voucher.and_then(|voucher| voucher.holder);
            holder.map(|_| "OWNER".to_owned())
        }
    };
    one.into_iter().collect()
}

fn campaign_type(till: &Till<'_>, found: &Found) -> Option<String> {
    let campaign = till.compiled.campaigns.get(&found.campaign.id)?;
    let kind = serde_json::to_value(campaigns::kind_of(campaign).ok()?).ok()?;
    kind.as_str().map(str::to_owned)
}

/// Whether the filters let a stack pass.
pub fn lets_pass(stack: &Stacked, options: &QualificationOptions) -> bool {
    let Some(filters) = &options.filters else {
        return true;
    };
    let thing = stack.thing();
    filters.lets_pass(|field| {
        let one = match field {
            "category_id" => thing.category_id.clone(),
            "campaign_id" => thing.campaign_id.clone(),
            "campaign_type" => Some("PROMOTION".to_owned()),
            "resource_id" => Some(ids::format(Tag::PromotionStack, stack.id)),
            "resource_type" => Some(RedeemableKind::PromotionStack.name().to_owned()),
            _ => None,
        };
        one.into_iter().collect()
    })
}
