//! Validation rules and what they are assigned to: campaigns, promotion tiers, vouchers, earning
//! rules and offered rewards. A change of a rule changes all of them, in one command.

mod assigning;
mod listing;
mod naming;
pub mod ruled;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use ledger::Currency;
use offers::{CampaignId, Lines, OfferId, Timestamp, Zone};
use rules::Condition;
use serde::{Deserialize, Serialize};
use store::{Index, Kind, Outcome, Page, ProjectId, Record, Write};
use utoipa_axum::{router::OpenApiRouter, routes};
use wire::{
    ids::{self, Tag},
    voucherify::{
        AssignmentCreate, AssignmentView, Beside, Event, Key, List, RuleInput, RuleView,
        Translated, joined, translate,
    },
};

use super::{
    campaigns,
    dialect::{Asked, malformed, not_found, page_of, parse, refuse, retry},
    promotions,
    resources::At,
    vouchers,
};
use crate::{
    app::App,
    auth::{Caller, CampaignsRead, CampaignsWrite},
    catalogue::Change,
    configuration::{Stored, read, write},
    once::{self, Answer},
    problem::Refused,
    vouchers::key,
    webhooks,
};

pub use naming::naming;

/// Things one rule may be assigned to.
const MAX_ASSIGNMENTS: u32 = 1_000;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, listing::list))
        .routes(routes!(get, update, delete))
        .merge(assigning::routes())
}

/// A rule at work on a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    pub rule: u64,
    pub to: Object,
}

/// What a rule can be assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Object {
    Campaign(u64),
    Tier(u64),
    Voucher(u64),
    EarningRule(u64),
    RewardAssignment(u64),
}

impl Object {
    fn number(self) -> u64 {
        match self {
            Self::Campaign(id)
            | Self::Tier(id)
            | Self::Voucher(id)
            | Self::EarningRule(id)
            | Self::RewardAssignment(id) => id,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Campaign(_) => "campaign",
            Self::Tier(_) => "promotion_tier",
            Self::Voucher(_) => "voucher",
            Self::EarningRule(_) => "earning_rule",
            Self::RewardAssignment(_) => "reward_assignment",
        }
    }

    fn id(self) -> String {
        let tag = match self {
            Self::Campaign(_) => Tag::Campaign,
            Self::Tier(_) => Tag::Tier,
            Self::Voucher(_) => Tag::Voucher,
            Self::EarningRule(_) => Tag::EarningRule,
            Self::RewardAssignment(_) => Tag::RewardAssignment,
        };
        ids::format(tag, self.number())
    }

    /// Whether it names its rule itself.
    fn names_rule(self) -> bool {
        matches!(self, Self::EarningRule(_) | Self::RewardAssignment(_))
    }
}

type Assignment = Stored<Assigned>;

/// What the rules say together, beside a body that is counted in `currency` unless it says.
///
/// # Errors
/// When one says what cannot be done yet.
pub fn beside(rules: &[RuleInput], (currency, zone): (Currency, &Zone)) -> Result<Beside, Refused> {
    Ok(Beside {
        rule: translated(rules)?,
        currency,
        zone: zone.clone(),
    })
}

fn translated(rules: &[RuleInput]) -> Result<Translated, Refused> {
    let mut conditions = Vec::new();
    let mut lines = Vec::new();
    let mut caps = Vec::new();
    let mut after = Vec::new();
    let mut bundle = None;
    for rule in rules {
        let translated = translate(rule).map_err(|wrong| malformed(&wrong))?;
        conditions.extend(translated.condition);
        lines.extend(translated.lines);
        caps.extend(translated.caps);
        after.extend(translated.after);
        bundle = bundle.or(translated.bundle);
    }
    Ok(Translated {
        condition: joined(conditions),
        after: joined(after),
        caps,
        bundle,
        lines: lines.into_iter().reduce(Lines::and),
    })
}

/// The rules that a body names by id, and the writes that assign them to what it makes.
///
/// # Errors
/// When there is no such rule.
pub async fn named(
    app: &App,
    (project, now): (ProjectId, Timestamp),
    names: Option<&[String]>,
    to: Object,
) -> Result<(Vec<RuleInput>, Vec<Write>), Refused> {
    let mut rules = Vec::new();
    let mut writes = Vec::new();
    for name in names.unwrap_or_default() {
        let (id, rule) = load(app, project, name).await?;
        writes.extend(record(app.next_id()?, &assigned(id, to, now))?);
        rules.push(rule.thing);
    }
    Ok((rules, writes))
}

fn assigned(rule: u64, to: Object, now: Timestamp) -> Assignment {
    Stored {
        thing: Assigned { rule, to },
        extra: serde_json::Value::Null,
        created_at: now,
        updated_at: None,
    }
}

fn record(id: u64, assignment: &Assignment) -> Result<Vec<Write>, Refused> {
    let body = write(assignment)?;
    let put = Write::Put {
        kind: Kind::Assignment,
        id,
        body,
    };
    let links = links(&assignment.thing);
    let links = links.map(|(index, key)| Write::Link { index, key, id });
    Ok(std::iter::once(put).chain(links).collect())
}

fn links(assigned: &Assigned) -> [(Index, Vec<u8>); 2] {
    [
        (Index::AssignmentsOfRule, key(assigned.rule)),
        (Index::AssignmentsOfObject, key(assigned.to.number())),
    ]
}

fn removal(id: u64, assigned: &Assigned) -> Vec<Write> {
    let delete = Write::Delete {
        kind: Kind::Assignment,
        id,
    };
    let unlinks = links(assigned).map(|(index, key)| Write::Unlink { index, key, id });
    std::iter::once(delete).chain(unlinks).collect()
}

/// The assignments under one key of an index.
async fn assignments(
    app: &App,
    project: ProjectId,
    (index, of): (Index, u64),
) -> Result<Vec<(u64, Assignment)>, Refused> {
    let page = Page {
        after: 0,
        limit: MAX_ASSIGNMENTS,
        newest_first: false,
    };
    let found = app.store().find(project, (index, &key(of)), page).await?;
    let records = app
        .store()
        .get_many(project, Kind::Assignment, &found)
        .await?;
    let known = records.into_iter().flatten();
    known
        .map(|record| Ok((record.id, read(&record.body)?)))
        .collect()
}

/// The assignments of a thing, as they are shown beside it.
///
/// # Errors
/// When the store cannot be read.
pub async fn shown(
    app: &App,
    project: ProjectId,
    object: u64,
) -> Result<List<AssignmentView>, Refused> {
    let found = assignments(app, project, (Index::AssignmentsOfObject, object)).await?;
    Ok(List::whole(found.iter().map(view_of).collect()))
}

/// What removes the assignments of a thing that goes.
///
/// # Errors
/// When the store cannot be read.
pub async fn removals(app: &App, project: ProjectId, object: u64) -> Result<Vec<Write>, Refused> {
    let found = assignments(app, project, (Index::AssignmentsOfObject, object)).await?;
    let each = found.iter().map(|(id, one)| removal(*id, &one.thing));
    Ok(each.flatten().collect())
}

/// The rules assigned to a thing.
///
/// # Errors
/// When the store cannot be read.
pub async fn rules_of(
    app: &App,
    project: ProjectId,
    object: u64,
) -> Result<Vec<RuleInput>, Refused> {
    let found = assignments(app, project, (Index::AssignmentsOfObject, object)).await?;
    let ids: Vec<u64> = found.iter().map(|(_, one)| one.thing.rule).collect();
    rules(app, project, &ids).await
}

async fn rules(app: &App, project: ProjectId, ids: &[u64]) -> Result<Vec<RuleInput>, Refused> {
    let records = app
        .store()
        .get_many(project, Kind::ValidationRule, ids)
        .await?;
    let stored = records.iter().flatten();
    stored
        .map(|record| Ok(read::<Stored<RuleInput>>(&record.body)?.thing))
        .collect()
}

/// An assignment that is no more.
fn gone((id, rule): (u64, u64)) -> serde_json::Value {
    serde_json::json!({
        "id": ids::format(Tag::Assignment, id),
        "rule_id": ids::format(Tag::ValidationRule, rule),
        "object": "validation_rules_assignment"
    })
}

fn view_of((id, assignment): &(u64, Assignment)) -> AssignmentView {
    AssignmentView {
        id: ids::format(Tag::Assignment, *id),
        rule_id: ids::format(Tag::ValidationRule, assignment.thing.rule),
        related_object_id: assignment.thing.to.id(),
        related_object_type: assignment.thing.to.name(),
        created_at: assignment.created_at,
        updated_at: assignment.updated_at,
        validation_status: "VALID",
        validation_omitted_rules: Vec::new(),
        object: "validation_rules_assignment",
    }
}

async fn load(
    app: &App,
    project: ProjectId,
    name: &str,
) -> Result<(u64, Stored<RuleInput>), Refused> {
    let missing = || not_found("validation_rules", name);
    let id = ids::parse(Tag::ValidationRule, name).map_err(|_| missing())?;
    let record = app.store().get(project, Kind::ValidationRule, id).await?;
    Ok((id, read(&record.ok_or_else(missing)?.body)?))
}

async fn view(
    app: &App,
    project: ProjectId,
    (id, rule): (u64, &Stored<RuleInput>),
) -> Result<RuleView, Refused> {
    let index = Index::AssignmentsOfRule;
    let count = app.store().count(project, index, &key(id)).await?;
    let name = ids::format(Tag::ValidationRule, id);
    let mut view = RuleView::of(name, rule.thing.clone(), rule.created_at);
    view.assignments_count = count;
    view.updated_at = rule.updated_at;
    Ok(view)
}

/// Make a rule.
#[utoipa::path(post, path = "/v1/validation-rules", request_body = RuleInput,
    responses((status = 200, body = RuleView)))]
async fn create(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, Refused> {
    let call = ("POST /v1/validation-rules", &*body);
    let once = once::Key::of(&headers, caller.project, call)?;
    let input: RuleInput = parse(&body)?;
    translated(std::slice::from_ref(&input))?;
    let rule = Stored {
        thing: input,
        extra: serde_json::Value::Null,
        created_at: caller.now,
        updated_at: None,
    };
    let id = app.next_id()?;
    let shown = view(&app, caller.project, (id, &rule)).await?;
    let told = webhooks::tell(At::of(&app, &caller), Event::RuleCreated, &shown).await?;
    let answer = Answer::ok(&shown)?;
    let put = Write::Put {
        kind: Kind::ValidationRule,
        id,
        body: write(&rule)?,
    };
    let mut command = crate::setup::writes(caller.project, vec![put]);
    command.writes.extend(told);
    command.now = caller.now;
    command.once = once.map(|key| key.once(&answer));
    let outcome = app.store().submit(command).await?;
    answer.after(outcome)?.map_err(|other| unexpected(&other))
}

fn unexpected(outcome: &Outcome) -> Refused {
    Refused::Fault(format!("a rule could not be kept: {outcome:?}"))
}

/// One rule.
#[utoipa::path(get, path = "/v1/validation-rules/{id}",
    responses((status = 200, body = RuleView)))]
async fn get(
    State(app): State<App>,
    caller: Caller<CampaignsRead>,
    Path(name): Path<String>,
) -> Result<Answer, Refused> {
    let (id, rule) = load(&app, caller.project, &name).await?;
    Answer::ok(&view(&app, caller.project, (id, &rule)).await?)
}

/// Change a rule, and all it is assigned to. What is absent stays.
#[utoipa::path(put, path = "/v1/validation-rules/{id}", request_body = RuleInput,
    responses((status = 200, body = RuleView)))]
async fn update(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Answer, Refused> {
    let input: RuleInput = parse(&body)?;
    retry(|| updated(&app, &caller, (&name, &input))).await
}

async fn updated(
    app: &App,
    caller: &Caller<CampaignsWrite>,
    (name, input): (&str, &RuleInput),
) -> Result<Option<Answer>, Refused> {
    let project = caller.project;
    let (id, mut rule) = load(app, project, name).await?;
    rule.thing = merged(rule.thing, input.clone());
    rule.updated_at = Some(caller.now);
    translated(std::slice::from_ref(&rule.thing))?;
    let mut change = Change::begin(app, project, caller.now).await?;
    for (_, assignment) in assignments(app, project, (Index::AssignmentsOfRule, id)).await? {
        let object = assignment.thing.to;
        let others = assignments(app, project, (Index::AssignmentsOfObject, object.number()));
        let others = others.await?;
        let ids: Vec<u64> = others.iter().map(|(_, one)| one.thing.rule).collect();
        let others: Vec<u64> = ids.into_iter().filter(|other| *other != id).collect();
        let mut all = rules(app, project, &others).await?;
        all.push(rule.thing.clone());
        recompile(app, &mut change, (object, &all)).await?;
    }
    change.write([Write::Put {
        kind: Kind::ValidationRule,
        id,
        body: write(&rule)?,
    }]);
    let shown = view(app, project, (id, &rule)).await?;
    change.tell(Event::RuleUpdated, &shown)?;
    let answer = Answer::ok(&shown)?;
    done(answer, change.submit(None).await?)
}

fn done(answer: Answer, outcome: Outcome) -> Result<Option<Answer>, Refused> {
    match answer.after(outcome)? {
        Ok(answer) => Ok(Some(answer)),
        Err(Outcome::Stale { .. }) => Ok(None),
        Err(other) => Err(unexpected(&other)),
    }
}

fn merged(before: RuleInput, sent: RuleInput) -> RuleInput {
    RuleInput {
        name: sent.name.or(before.name),
        rules: sent.rules.or(before.rules),
        bundle_rules: sent.bundle_rules.or(before.bundle_rules),
        error: sent.error.or(before.error),
        applicable_to: sent.applicable_to.or(before.applicable_to),
        kind: sent.kind.or(before.kind),
        context_type: sent.context_type.or(before.context_type),
        expression: sent.expression.or(before.expression),
    }
}

/// Works out anew what a thing is under other rules.
async fn recompile(
    app: &App,
    change: &mut Change<'_>,
    (object, rules): (Object, &[RuleInput]),
) -> Result<(), Refused> {
    if object.names_rule() {
        return rules.iter().try_for_each(ruled::askable);
    }
    let beside = beside(rules, change.compiled().settings.standards())?;
    match object {
        Object::Campaign(id) => {
            let stored = change.compiled().campaigns.get(&CampaignId(id)).cloned();
            match stored {
                Some(stored) => campaigns::again(app, change, (&stored, &beside)).await,
                None => Ok(()),
            }
        }
        Object::Tier(id) => {
            let stored = change.compiled().offers.get(&OfferId(id)).cloned();
            match stored {
                Some(stored) => promotions::again(change, (&stored, &beside)),
                None => Ok(()),
            }
        }
        Object::Voucher(id) => vouchers::again(app, change, (id, &beside)).await,
        Object::EarningRule(_) | Object::RewardAssignment(_) => Ok(()),
    }
}

/// Remove a rule that is assigned to nothing.
#[utoipa::path(delete, path = "/v1/validation-rules/{id}", responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller<CampaignsWrite>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refused> {
    let (id, _) = load(&app, caller.project, &name).await?;
    let of_rule = (Index::AssignmentsOfRule, id);
    if !assignments(&app, caller.project, of_rule).await?.is_empty() {
        let details = format!("{name} is assigned: remove its assignments first");
        return Err(refuse(Key::ResourceInUse, details));
    }
    let delete = Write::Delete {
        kind: Kind::ValidationRule,
        id,
    };
    let gone = serde_json::json!({"id": name, "object": "validation_rules"});
    let mut command = crate::setup::writes(caller.project, vec![delete]);
    let told = webhooks::tell(At::of(&app, &caller), Event::RuleDeleted, &gone).await?;
    command.writes.extend(told);
    app.store().submit(command).await?;
    Ok(StatusCode::NO_CONTENT)
}
