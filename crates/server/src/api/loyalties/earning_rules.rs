//! What earns points in a programme.

use offers::Trigger;
use rules::Condition;
use wire::{
    Malformed,
    ids::{self, Tag},
    voucherify::{
        EarningRule, EarningRuleView, Event, LoyaltyTier, Metadata, Segment, SegmentType, Sent,
    },
};

use super::*;
use crate::{
    api::{
        dialect::malformed,
        resources::{self, Asking, Call, Kept, Resource, all_sent, load, sent, take_effect},
        validation_rules::{Object, ruled},
    },
    app::renumbered,
    loyalty, webhooks,
};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(get, update, delete))
        .routes(routes!(enable))
        .routes(routes!(disable))
}

impl Resource for EarningRule {
    type View = EarningRuleView;
    const KIND: Kind = Kind::EarningRule;
    const TAG: Tag = Tag::EarningRule;
    const NAME: &'static str = "earning_rule";
    /// Of one programme.
    const MOST: u64 = loyalty::MAX_RULES;
    const WITHIN: Option<Index> = Some(Index::EarningRulesOfCampaign);
    const OURS: &'static [&'static str] = &["campaign"];

    fn metadata(&self) -> Option<(&'static str, &Metadata)> {
        Some(("earning_rule", &self.metadata))
    }

    fn check(&self) -> Result<(), Malformed> {
        EarningRule::check(self)
    }

    fn belongs_to(&self) -> Vec<(Index, u64)> {
        vec![(Index::EarningRulesOfCampaign, self.campaign)]
    }

    const RULED: Option<fn(u64) -> Object> = Some(Object::EarningRule);

    fn rule(&self) -> Option<u64> {
        EarningRule::rule(self)
    }

    fn event(before: Option<&Self>, after: Option<&Self>) -> Option<Event> {
        let [enabled, disabled, updated] = [
            Event::EarningRuleEnabled,
            Event::EarningRuleDisabled,
            Event::EarningRuleUpdated,
        ];
        match (before, after) {
            (None, Some(_)) => Some(Event::EarningRuleAssigned),
            (Some(_), None) => Some(Event::EarningRuleDeleted),
            (before, after) => {
                let was = before?.is_active();
                let switched = (was, after?.is_active());
                Some(webhooks::switched(switched, [enabled, disabled, updated]))
            }
        }
    }

    fn bare(kept: &Kept<Self>) -> EarningRuleView {
        kept.thing().view(kept.id, kept.times())
    }
}

/// An earning rule of this programme.
async fn of_programme(
    at: At<'_>,
    (programme, name): (&str, &str),
) -> Result<Kept<EarningRule>, Refused> {
    let programme = number_of(at, programme).await?;
    let rule: Kept<EarningRule> = load(at, name).await?;
    match rule.thing().campaign == programme.0 {
        true => Ok(rule),
        false => Err(not_found(EarningRule::NAME, name)),
    }
}

/// Whether what it names is there.
async fn check_rule(at: At<'_>, rule: &EarningRule) -> Result<(), Refused> {
    check_trigger(at, rule).await?;
    ruled::check(at, rule.validation_rule_id.as_deref()).await
}

/// Whether the segment it is about tells who enters it, or the tier is one of the programme.
async fn check_trigger(at: At<'_>, rule: &EarningRule) -> Result<(), Refused> {
    let read = rule.to_domain(0, Condition::Always);
    match read.map_err(|wrong| malformed(&wrong))?.on {
        Trigger::OrderPaid | Trigger::Event(_) => Ok(()),
        Trigger::SegmentEntered(id) => {
            let name = ids::format(Tag::Segment, id);
            let segment: Kept<Segment> = load(at, &name).await?;
            match segment.thing().kind() {
                SegmentType::AutoUpdate => Ok(()),
                SegmentType::Static | SegmentType::Passive => {
                    let detail = "only of an auto-update segment it is known who enters it";
                    Err(malformed(&Malformed::at("/segment/id", detail)))
                }
            }
        }
        Trigger::TierMoved(_, id) => {
            let name = ids::format(Tag::LoyaltyTier, id);
            let tier: Kept<LoyaltyTier> = load(at, &name).await?;
            match tier.thing().campaign == rule.campaign {
                true => Ok(()),
                false => Err(not_found(LoyaltyTier::NAME, &name)),
            }
        }
    }
}

/// The earning rules of a programme, newest first.
#[utoipa::path(get, path = "/v1/loyalties/{id}/earning-rules",
    responses((status = 200, body = List<EarningRuleView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(programme): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let asking = Asking::of(&asked, EarningRule::PAGE)?;
    let of = key(number_of(at, &programme).await?.0);
    let under = (Index::EarningRulesOfCampaign, of.as_slice());
    let all: Vec<Kept<EarningRule>> = resources::under(at, under, u32::MAX).await?;
    let (page, total) = asking.cut(all);
    let rows = page.iter().map(EarningRule::bare).collect();
    Answer::ok(&List::page("data", rows, total))
}

/// Make earning rules, all of them or none. At most 100 of a programme.
#[utoipa::path(post, path = "/v1/loyalties/{id}/earning-rules", request_body = Vec<EarningRule>,
    responses((status = 200, body = Vec<EarningRuleView>)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(programme): Path<String>,
    (headers, body): (HeaderMap, Bytes),
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let call = format!("POST /v1/loyalties/{programme}/earning-rules");
    let once = once::Key::of(&headers, caller.project, (&call, &body))?;
    let sent = all_sent(&body, loyalty::MAX_RULES as usize)?;
    let made = retry(|| created(at, &programme, (&sent, once))).await;
    let answer = resources::told(at, once, made).await?;
    take_effect(at).await;
    Ok(answer)
}

async fn created(
    at: At<'_>,
    programme: &str,
    (sent, once): (&[Sent], Option<once::Key>),
) -> Result<Option<Answer>, Refused> {
    let start = EarningRule {
        campaign: number_of(at, programme).await?.0,
        ..EarningRule::default()
    };
    let rules = resources::all_of(&start, sent)?;
    for rule in &rules {
        check_rule(at, rule).await?;
    }
    let nothing = Sent::new();
    let mut call = Call::new(&nothing, once);
    call.writes.push(renumbered());
    resources::all_made(at, rules, call).await
}

/// One earning rule.
#[utoipa::path(get, path = "/v1/loyalties/{id}/earning-rules/{rule}",
    responses((status = 200, body = EarningRuleView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path((programme, name)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    let rule = of_programme(at, (&programme, &name)).await?;
    Answer::ok(&EarningRule::bare(&rule))
}

/// Change an earning rule. What is absent stays, and `null` clears.
#[utoipa::path(put, path = "/v1/loyalties/{id}/earning-rules/{rule}", request_body = EarningRule,
    responses((status = 200, body = EarningRuleView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((programme, name)): Path<(String, String)>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    changed(at, (&programme, &name), &sent(&body)?).await
}

/// Switch an earning rule on.
#[utoipa::path(post, path = "/v1/loyalties/{id}/earning-rules/{rule}/enable",
    responses((status = 200, body = EarningRuleView)))]
async fn enable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((programme, name)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    changed(at, (&programme, &name), &switched(Switch::On)).await
}

/// Switch an earning rule off.
#[utoipa::path(post, path = "/v1/loyalties/{id}/earning-rules/{rule}/disable",
    responses((status = 200, body = EarningRuleView)))]
async fn disable(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((programme, name)): Path<(String, String)>,
) -> Result<Answer, Refused> {
    let at = At::of(&app, &caller);
    changed(at, (&programme, &name), &switched(Switch::Off)).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

fn switched(to: Switch) -> Sent {
    Sent::from_iter([("active".to_owned(), (to == Switch::On).into())])
}

async fn changed(at: At<'_>, which: (&str, &str), sent: &Sent) -> Result<Answer, Refused> {
    let attempt = async || {
        let rule = of_programme(at, which).await?;
        altered(at, rule, sent).await
    };
    let answer = retry(attempt).await?;
    take_effect(at).await;
    Ok(answer)
}

/// One attempt to change an earning rule; `None` where somebody else was faster.
async fn altered(
    at: At<'_>,
    rule: Kept<EarningRule>,
    sent: &Sent,
) -> Result<Option<Answer>, Refused> {
    let after = resources::merged(rule.thing(), sent)?;
    check_rule(at, &after).await?;
    let mut call = Call::new(sent, None);
    call.writes.push(renumbered());
    resources::changed(at, rule, call).await
}

/// Puts an earning rule under a validation rule, or takes it off.
///
/// # Errors
/// When the rule cannot be asked for it.
pub async fn put_under(at: At<'_>, (id, rule): (u64, Option<&str>)) -> Result<(), Refused> {
    let name = ids::format(Tag::EarningRule, id);
    let sent = Sent::from_iter([("validation_rule_id".to_owned(), rule.into())]);
    retry(async || altered(at, load(at, &name).await?, &sent).await).await?;
    take_effect(at).await;
    Ok(())
}

/// Remove an earning rule; the points that it gave stay.
#[utoipa::path(delete, path = "/v1/loyalties/{id}/earning-rules/{rule}",
    responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((programme, name)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    let at = At::of(&app, &caller);
    let attempt = async || {
        let rule = of_programme(at, (&programme, &name)).await?;
        resources::removed(at, &rule, vec![renumbered()]).await
    };
    let removed = retry(attempt).await?;
    take_effect(at).await;
    Ok(removed)
}
