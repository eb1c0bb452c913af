//! What holds for every body, however hostile.

use offers::{Currency, Zone};
use proptest::prelude::*;
use rules::Reads;
use serde::de::DeserializeOwned;
use wire::{
    decisions::DecisionRequest,
    segment::{self, Moment},
    voucherify::*,
};

const MOMENT: Moment = Moment {
    received_at: 0,
    currency: Currency(*b"EUR"),
    places: 2,
};

/// Bodies that are nearly right: damaged ones reach further than noise does.
const NEARLY: [&str; 5] = [
    include_str!("rows/orders.txt"),
    include_str!("rows/rules.txt"),
    include_str!("rows/campaigns.txt"),
    include_str!("rows/discounts.txt"),
    include_str!("rows/segment.txt"),
];

/// Reads a body as everything it might be.
fn read_as_everything(body: &[u8]) {
    if let Some(order) = read::<OrderInput>(body) {
        order_to_domain(&order, MOMENT.currency, &Reads::everything()).ok();
    }
    read::<OrderInput>(body).map(|order| order_metadata_facts(&order, &Reads::everything()));
    if let Some(rule) = read::<RuleInput>(body) {
        translate(&rule).ok();
    }
    if let Some(discount) = read::<Discount>(body) {
        discount.to_domain(None).ok();
    }
    if let Some(campaign) = read::<CampaignCreate>(body) {
        let rule = Translated::default();
        let beside = Beside {
            rule,
            currency: MOMENT.currency,
            zone: Zone::UTC,
        };
        campaign.to_campaign(offers::CampaignId(1), &beside).ok();
    }
    read::<ValidationRequest>(body);
    read::<QualificationRequest>(body);
    read::<VoucherCreate>(body);
    read::<CustomerInput>(body).map(|customer| customer.facts());
    read::<DecisionRequest>(body).map(|request| request.context_facts(&Reads::everything()));
    segment::batch(body, &MOMENT).ok();
    segment::single(body, segment::Kind::Track, &MOMENT).ok();
    segment::single(body, segment::Kind::Identify, &MOMENT).ok();
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let read = wire::parse(body);
    if let Err(wrong) = &read {
        assert!(
            wrong.pointer.is_empty() || wrong.pointer.starts_with('/'),
            "{wrong}"
        );
        assert!(!wrong.detail.is_empty());
    }
    read.ok()
}

fn bodies() -> Vec<&'static str> {
    let is_body = |line: &&str| line.starts_with('{');
    NEARLY
        .iter()
        .flat_map(|rows| rows.lines().filter(is_body))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        read_as_everything(&body);
    }

    #[test]
    fn no_damaged_body_makes_it_panic(
        which in 0..1000_usize,
        place in any::<proptest::sample::Index>(),
        byte in prop::sample::select(b"{}[]\",:-0159.eEntf \\\xff".to_vec()),
        is_cut in any::<bool>(),
    ) {
        let bodies = bodies();
        let mut body = bodies[which % bodies.len()].as_bytes().to_vec();
        let at = place.index(body.len());
        if is_cut { body.truncate(at) } else { body[at] = byte }
        read_as_everything(&body);
    }

    #[test]
    fn amounts_are_read_to_the_minor_unit(minor in 0..1_000_000_000_u64) {
        let text = wire::decimal::text(minor, 2);
        prop_assert_eq!(wire::decimal::scaled(&text, 2), Ok(minor));
        let padded = format!("{text}{}000001", if text.contains('.') { "" } else { ".00" });
        if minor % 10 != 0 {
            prop_assert_eq!(wire::decimal::scaled(&padded, 2), Ok(minor));
        }
    }
}

#[test]
fn deep_nesting_is_refused_where_it_would_be_kept() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        let kept = format!(r#"{{"metadata":{deep}}}"#);
        assert!(wire::parse::<OrderInput>(kept.as_bytes()).is_err());
        let passed_over = format!(r#"{{"unknown":{deep}}}"#);
        assert!(wire::parse::<OrderInput>(passed_over.as_bytes()).is_ok());
        read_as_everything(kept.as_bytes());
        read_as_everything(passed_over.as_bytes());
    }
}
