//! What does an update change of what was sent when a campaign was made?

use serde_json::Value;

use super::*;

/// What is absent stays; members of `proffer` that are `null` are cleared.
///
/// # Errors
/// When it cannot be so.
pub(in crate::api) fn changed(
    input: &mut CampaignCreate,
    sent: &CampaignUpdate,
    proffer: Option<&Value>,
) -> Result<(), Refused> {
    redated(input, sent);
    retold(input, sent);
    given_otherwise(input, sent)?;
    match proffer {
        Some(proffer) => ours(input, proffer),
        None => Ok(()),
    }
}

/// When it is open, and how long codes live.
fn redated(input: &mut CampaignCreate, sent: &CampaignUpdate) {
    put(&mut input.start_date, &sent.start_date);
    put(&mut input.expiration_date, &sent.expiration_date);
    put(&mut input.validity_timeframe, &sent.validity_timeframe);
    put(&mut input.validity_day_of_week, &sent.validity_day_of_week);
    put(&mut input.validity_hours, &sent.validity_hours);
    let life = &mut input.activity_duration_after_publishing;
    put(life, &sent.activity_duration_after_publishing);
}

fn put<T: Clone>(known: &mut T, sent: &Option<T>) {
    if let Some(sent) = sent {
        known.clone_from(sent);
    }
}

/// What is told of it, and how customers join.
fn retold(input: &mut CampaignCreate, sent: &CampaignUpdate) {
    put(&mut input.description, &sent.description);
    if let Some(metadata) = &sent.metadata {
        let known = input.metadata.get_or_insert_default();
        known.extend(metadata.clone());
    }
    for field in sent.unset_metadata_fields.iter().flatten() {
        input.metadata.get_or_insert_default().remove(field);
    }
    (input.category, input.category_id) = regrouped(
        (input.category.take(), input.category_id.take()),
        (sent.category.clone(), sent.category_id.clone()),
    );
    input.join_once = sent.join_once.or(input.join_once);
    input.auto_join = sent.auto_join.or(input.auto_join);
    input.capacity = sent.capacity.or(input.capacity);
}

/// What its codes give. How cards of a programme come to be in a tier follows their balance, so
/// there is nothing to recalculate.
fn given_otherwise(input: &mut CampaignCreate, sent: &CampaignUpdate) -> Result<(), Refused> {
    if let Some(program) = &sent.referral_program {
        input.referral_program = Some(program.clone());
    }
    put(
        &mut input.loyalty_tiers_expiration,
        &sent.loyalty_tiers_expiration,
    );
    if let Some(gift) = sent.gift {
        let config = input.voucher.get_or_insert_default();
        let effect = gift.effect.or(config.gift.and_then(|gift| gift.effect));
        config.gift = Some(Gift { effect, ..gift });
    }
    let Some(discount) = &sent.discount else {
        return Ok(());
    };
    let config = input.voucher.get_or_insert_default();
    let before = config.discount.replace(discount.clone());
    if before.is_some_and(|before| before.kind != discount.kind) {
        let details = "/discount/type: cannot be changed";
        return Err(refuse(Key::InvalidPayload, details));
    }
    Ok(())
}

fn ours(input: &mut CampaignCreate, sent: &Value) -> Result<(), Refused> {
    let known = serde_json::to_value(input.proffer.clone().unwrap_or_default());
    let mut own = known.map_err(|error| Refused::Fault(error.to_string()))?;
    if let (Some(known), Some(sent)) = (own.as_object_mut(), sent.as_object()) {
        known.extend(sent.clone());
        known.retain(|_, value| !value.is_null());
    }
    let merged = serde_json::from_value::<ProfferSettings>(own);
    let wrong = |error: serde_json::Error| wire::Malformed::at("/proffer", error.to_string());
    input.proffer = Some(merged.map_err(|error| malformed(&wrong(error)))?);
    Ok(())
}
