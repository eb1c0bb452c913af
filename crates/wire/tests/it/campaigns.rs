//! Campaign bodies as campaigns, offers and vouchers; discounts there and back.

use offers::{Campaign, CampaignId, Currency, Offer, OfferId, Scope, VoucherId, Zone};
use wire::{
    Malformed,
    voucherify::{
        Beside, CampaignCreate, CampaignType, Discount, Translated, VoucherCreate, VoucherType,
    },
};

fn beside() -> Beside {
    Beside {
        rule: Translated::default(),
        currency: Currency(*b"EUR"),
        zone: Zone::UTC,
    }
}

#[test]
fn campaigns_mean_what_they_say() {
    crate::check(include_str!("rows/campaigns.txt"), |body| {
        let input = wire::parse::<CampaignCreate>(body.as_bytes());
        input
            .and_then(|input| campaign(&input))
            .unwrap_or_else(|wrong| wrong.to_string())
    });
}

fn campaign(input: &CampaignCreate) -> Result<String, Malformed> {
    let kind = input.inferred_type()?;
    let campaign = input.to_campaign(CampaignId(1), &beside())?;
    let offers: Vec<Offer> = if kind == CampaignType::Promotion {
        let tiers = input
            .promotion
            .iter()
            .flat_map(|promotion| &promotion.tiers);
        tiers
            .map(|tier| tier.to_offer(&campaign, OfferId(2), &beside()))
            .collect::<Result<_, _>>()?
    } else {
        vec![input.to_code_offer(&campaign, OfferId(2), &beside())?]
    };
    let offers: Vec<String> = offers.iter().map(offer_told).collect();
    Ok(format!(
        "{kind:?} {} / {}",
        campaign_told(&campaign),
        offers.join(" / ")
    ))
}

fn campaign_told(campaign: &Campaign) -> String {
    let Campaign {
        name,
        active,
        validity,
        rule,
        stacking,
        priority,
        commitment,
        ..
    } = campaign;
    let caps: Vec<String> = campaign
        .caps
        .iter()
        .map(|cap| {
            let rest = if cap.grant_remainder { "+" } else { "" };
            format!(
                "{}{rest} {:?} {:?} {:?}",
                cap.limit, cap.unit, cap.reach, cap.period
            )
        })
        .collect();
    let open = format!("{:?}..{:?}", validity.from, validity.until).replace("Some", "");
    format!(
        "{name} {active} {open} if {rule}, {stacking:?} {priority} {commitment:?} {} [{}]",
        String::from_utf8_lossy(&campaign.currency.0),
        caps.join(", "),
    )
}

fn offer_told(offer: &Offer) -> String {
    let scope = match &offer.scope {
        Scope::Order => "order".to_owned(),
        Scope::Lines(lines) => format!("lines {}", lines.of),
    };
    format!(
        "{} {:?} on {scope} if {}, tier {} {}, {} d",
        offer.name,
        offer.benefit,
        offer.rule,
        offer.is_tier,
        offer.priority,
        offer.grant_ms / 86_400_000,
    )
}

#[test]
fn discounts_come_back() {
    crate::check(include_str!("rows/discounts.txt"), |body| {
        let found = wire::parse::<Discount>(body.as_bytes()).and_then(|discount| {
            let terms = discount.to_domain(None)?;
            let formula = terms.formula.as_ref();
            let back = Discount::of(&terms.benefit, formula, &terms.scope);
            let back = back.ok_or_else(|| Malformed::at("", "does not come back"))?;
            assert_eq!(back.to_domain(None).as_ref(), Ok(&terms), "{body}");
            let back = serde_json::to_string(&back).unwrap();
            Ok(format!("{:?} {back}", terms.benefit))
        });
        found.unwrap_or_else(|wrong| wrong.to_string())
    });
}

#[test]
fn vouchers_mean_what_they_say() {
    let told = |body: &str| {
        let input = wire::parse::<VoucherCreate>(body.as_bytes());
        let voucher = input.and_then(|input| input.to_voucher(VoucherId(1), OfferId(2), "CODE"));
        voucher.map_or_else(
            |wrong| wrong.to_string(),
            |voucher| {
                format!(
                    "{:?} {:?} {}",
                    voucher.kind, voucher.quantity, voucher.active
                )
            },
        )
    };
    let gift = r#"{"type":"GIFT_VOUCHER","gift":{"amount":5000},"redemption":{"quantity":null}}"#;
    assert_eq!(told(gift), "GiftCard { amount: 5000 } None true");
    let once = r#"{"type":"DISCOUNT_VOUCHER","redemption":{"quantity":"1"},"active":false}"#;
    assert_eq!(told(once), "Discount Some(1) false");
    assert_eq!(told(r#"{"type":"GIFT_VOUCHER"}"#), "/gift: is required");
    assert_eq!(
        told(r#"{"type":"LOYALTY_CARD"}"#),
        "LoyaltyCard { points: 0 } None true"
    );
    assert_eq!(
        told(r#"{"validity_hours":{"daily":[{"start_time":"25:00"}]}}"#),
        "/validity_hours/daily/0/start_time: must be a time of day like 09:30"
    );
    assert!(told(r#"{"start_date":"soon"}"#).starts_with("/start_date: not an instant"));
    let shapes = serde_json::to_string(&VoucherType::DiscountVoucher).unwrap();
    assert_eq!(shapes, r#""DISCOUNT_VOUCHER""#);
}
