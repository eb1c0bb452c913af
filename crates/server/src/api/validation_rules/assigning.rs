//! What is a rule assigned to? Campaigns, promotion tiers, vouchers, earning rules and offered
//! rewards.

use wire::voucherify::{EarningRule, RewardAssignment};

use super::*;
use crate::api::resources::{self, Kept};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(assign, assignments_of_rule))
        .routes(routes!(unassign))
        .routes(routes!(all_assignments))
}

/// Assign a rule to a campaign, a promotion tier, a voucher, an earning rule or an offered reward.
/// The latter two have one rule at most: another takes its place.
#[utoipa::path(post, path = "/v1/validation-rules/{id}/assignments",
    request_body = AssignmentCreate, responses((status = 200, body = AssignmentView)))]
async fn assign(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let input: AssignmentCreate = parse(&body)?;
    let object = object_of(At::of(&app, &caller), &input).await?;
    retry(|| assigned_to(&app, &caller, (&name, object))).await
}

async fn assigned_to(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (name, object): (&str, Object),
) -> Result<Option<Answer>, Refused> {
    let project = caller.project;
    let (rule_id, rule) = load(app, project, name).await?;
    let here = (Index::AssignmentsOfObject, object.number());
    let before = assignments(app, project, here).await?;
    if let Some(known) = before.iter().find(|(_, one)| one.thing.rule == rule_id) {
        return Answer::ok(&view_of(known)).map(Some);
    }
    if object.names_rule() {
        ruled::say(At::of(app, caller), (object, Some(name))).await?;
        let made = assignments(app, project, here).await?;
        return made
            .first()
            .map(view_of)
            .map(|view| Answer::ok(&view))
            .transpose();
    }
    let mut all = rules_of(app, project, object.number()).await?;
    all.push(rule.thing);
    let mut change = Change::begin(app, project, caller.now).await?;
    recompile(app, &mut change, (object, &all)).await?;
    let made = (app.next_id()?, assigned(rule_id, object, caller.now));
    change.write(record(made.0, &made.1)?);
    let shown = view_of(&made);
    change.tell(Event::RuleAssigned, &shown)?;
    let answer = Answer::ok(&shown)?;
    done(answer, change.submit(None).await?)
}

async fn object_of(at: At<'_>, input: &AssignmentCreate) -> Result<Object, Refused> {
    let (app, project) = (at.app, at.project);
    let named = match (&input.voucher, &input.campaign, &input.promotion_tier) {
        (Some(id), None, None) => ("voucher", id),
        (None, Some(id), None) => ("campaign", id),
        (None, None, Some(id)) => ("promotion_tier", id),
        _ => match (&input.related_object_type, &input.related_object_id) {
            (Some(kind), Some(id)) => (kind.as_str(), id),
            _ => {
                let details = "needs related_object_type and related_object_id";
                return Err(refuse(Key::InvalidPayload, details));
            }
        },
    };
    let compiled = app.compiled(project).await?;
    match named {
        ("campaign", id) => {
            let found = campaigns::find(app, (project, &compiled), id).await?;
            Ok(Object::Campaign(found.thing.id.0))
        }
        ("promotion_tier", id) => {
            let found = promotions::find(&compiled, id)?;
            Ok(Object::Tier(found.thing.id.0))
        }
        ("voucher", code) => {
            let (issued, _) = vouchers::find(app, project, code).await?;
            Ok(Object::Voucher(issued.thing.voucher.id.0))
        }
        ("earning_rule", id) => {
            let rule: Kept<EarningRule> = resources::load(at, id).await?;
            Ok(Object::EarningRule(rule.id))
        }
        ("reward_assignment", id) => {
            let offered: Kept<RewardAssignment> = resources::load(at, id).await?;
            Ok(Object::RewardAssignment(offered.id))
        }
        (kind, _) => {
            let details = format!("rules are not assigned to a {kind}");
            Err(refuse(Key::InvalidPayload, details))
        }
    }
}

/// Take a rule off a thing.
#[utoipa::path(delete, path = "/v1/validation-rules/{id}/assignments/{assignment}",
    responses((status = 204)))]
async fn unassign(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path((name, assignment)): Path<(String, String)>,
) -> Result<StatusCode, Refused> {
    retry(|| taken_off(&app, &caller, (&name, &assignment))).await
}

async fn taken_off(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (name, assignment): (&str, &str),
) -> Result<Option<StatusCode>, Refused> {
    let project = caller.project;
    let (rule, _) = load(app, project, name).await?;
    let missing = || not_found("validation_rules_assignment", assignment);
    let id = ids::parse(Tag::Assignment, assignment).map_err(|_| missing())?;
    let all = assignments(app, project, (Index::AssignmentsOfRule, rule)).await?;
    let found = all.into_iter().find(|(known, _)| *known == id);
    let object = found.ok_or_else(missing)?.1.thing.to;
    if object.names_rule() {
        ruled::say(At::of(app, caller), (object, None)).await?;
        return Ok(Some(StatusCode::NO_CONTENT));
    }
    let here = (Index::AssignmentsOfObject, object.number());
    let others = assignments(app, project, here).await?;
    let others = others.into_iter().filter(|(known, _)| *known != id);
    let others: Vec<u64> = others.map(|(_, one)| one.thing.rule).collect();
    let left = rules(app, project, &others).await?;
    let mut change = Change::begin(app, project, caller.now).await?;
    recompile(app, &mut change, (object, &left)).await?;
    change.write(removal(id, &Assigned { rule, to: object }));
    change.tell(Event::RuleUnassigned, &gone((id, rule)))?;
    match change.submit(None).await? {
        Outcome::Applied => Ok(Some(StatusCode::NO_CONTENT)),
        Outcome::Stale { .. } => Ok(None),
        other => Err(unexpected(&other)),
    }
}

/// What a rule is assigned to.
#[utoipa::path(get, path = "/v1/validation-rules/{id}/assignments",
    responses((status = 200, body = List<AssignmentView>)))]
async fn assignments_of_rule(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let paging = asked.paging()?;
    let (id, _) = load(&app, caller.project, &name).await?;
    let all = assignments(&app, caller.project, (Index::AssignmentsOfRule, id)).await?;
    let total = all.len() as u64;
    let rows = paging.cut(all).iter().map(view_of).collect();
    Answer::ok(&List::page("data", rows, total))
}

/// All assignments, or those of one thing or rule.
#[utoipa::path(get, path = "/v1/validation-rules-assignments",
    responses((status = 200, body = List<AssignmentView>)))]
async fn all_assignments(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    asked: Asked,
) -> Result<Answer, Refused> {
    let (project, paging) = (caller.project, asked.paging()?);
    if let Some(found) = narrowed(&app, project, &asked).await? {
        let total = found.len() as u64;
        return Answer::ok(&List::page("data", paging.cut(found), total));
    }
    let (records, total) = page_of(&app, project, (Kind::Assignment, paging)).await?;
    let mut rows = Vec::new();
    for record in records {
        rows.push(view_of(&(record.id, read(&record.body)?)));
    }
    Answer::ok(&List::page("data", rows, total))
}

/// Those of a rule, of a thing, or of one to the other; `None` where all are asked for.
async fn narrowed(
    app: &App,
    project: ProjectId,
    asked: &Asked,
) -> Result<Option<Vec<AssignmentView>>, Refused> {
    let (rule, object) = (asked.get("rule"), asked.get("related_object_id"));
    let place = match (rule, object) {
        (None, None) => return Ok(None),
        (Some(rule), _) => {
            let number = ids::parse(Tag::ValidationRule, rule).ok();
            number.map(|number| (Index::AssignmentsOfRule, number))
        }
        (None, Some(object)) => {
            let tags = [
                Tag::Voucher,
                Tag::Campaign,
                Tag::Tier,
                Tag::EarningRule,
                Tag::RewardAssignment,
            ];
            let number = tags.iter().find_map(|tag| ids::parse(*tag, object).ok());
            number.map(|number| (Index::AssignmentsOfObject, number))
        }
    };
    let Some(place) = place else {
        return Ok(Some(Vec::new()));
    };
    let found = assignments(app, project, place).await?;
    let mut rows: Vec<AssignmentView> = found.iter().map(view_of).collect();
    rows.retain(|row| object.is_none_or(|id| id == row.related_object_id));
    Ok(Some(rows))
}
