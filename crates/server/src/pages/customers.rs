//! What do we know of a customer, as far as they allow, and what did they get?

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Html,
};
use decision::GrantState;
use ledger::Currency;
use profiles::{Choice, Consent, CustomerId, Purpose};
use rules::{Facts, Reads};
use store::{Kind, Page, ProjectId};
use wire::ids::{self, Tag};

use super::{
    Shell,
    decisions::{self, DecisionRow},
    figures,
    look::{Moment, moment},
    plain, show,
    sign_in::Visitor,
};
use crate::{
    app::App,
    auth::Scope,
    configuration::Compiled,
    deciding::made_for,
    people::{Granted, People},
    problem::Refused,
};

const LAST_DECISIONS: u32 = 30;

#[derive(Template)]
#[template(path = "customer.html")]
struct Customer {
    shell: Shell,
    id: String,
    consent: [(&'static str, &'static str); 2],
    may_personalise: bool,
    facts: Vec<FactRow>,
    grants: Vec<GrantRow>,
    decisions: Vec<DecisionRow>,
    arm: Option<String>,
}

pub struct FactRow {
    pub name: String,
    pub path: String,
    pub value: String,
}

struct GrantRow {
    offer: String,
    at: Moment,
    until: Moment,
    state: &'static str,
    tone: &'static str,
    decision: String,
}

pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Html<String>, Refused> {
    if !visitor.sees_customers {
        return Err(Refused::ScopeMissing(Scope::CustomersRead));
    }
    let id = ids::parse(Tag::Customer, &name).map_err(|_| Refused::NotFound {
        what: "customer",
        id: name.clone(),
    })?;
    let compiled = app.compiled(visitor.project).await?;
    let mut people = People::open(&app, visitor.project)?;
    let customer = people.load(CustomerId(id)).await?;
    let person = people.person(customer).cloned().unwrap_or_default();
    let profile = people.profile(customer);
    let allowed = profile.consent;
    let known = profiles::facts(
        &profile,
        Purpose::PersonaliseOffers,
        visitor.now,
        &Reads::everything(),
    );
    drop(people);
    show(&Customer {
        shell: Shell::of("decisions", &visitor),
        id: ids::format(Tag::Customer, customer.0),
        consent: consent(allowed),
        may_personalise: allowed.allows(Purpose::PersonaliseOffers),
        facts: facts(&known, figures::currency(&compiled)),
        grants: person
            .grants
            .iter()
            .rev()
            .map(|granted| GrantRow::of(granted, &compiled, visitor.now))
            .collect(),
        decisions: last(&app, visitor.project, customer).await?,
        arm: person.enrolled.map(|enrolment| enrolment.arm.to_string()),
    })
}

async fn last(
    app: &App,
    project: ProjectId,
    customer: CustomerId,
) -> Result<Vec<DecisionRow>, Refused> {
    let page = Page {
        after: 0,
        limit: LAST_DECISIONS,
        newest_first: true,
    };
    let mut view = app.store().view(project)?;
    let found = made_for(&mut view, (customer, page)).await?;
    let records = view.get_many(Kind::Decision, &found).await?;
    drop(view);
    let read = records.iter().flatten().map(decisions::read);
    let records = read.collect::<Result<Vec<_>, _>>()?;
    decisions::described(app, project, &records).await
}

/// Facts as people read them, by name.
pub fn facts(facts: &Facts, currency: Currency) -> Vec<FactRow> {
    facts
        .iter()
        .map(|(path, value)| FactRow {
            name: plain::fact(path.as_str()),
            path: path.as_str().to_owned(),
            value: plain::known(path.as_str(), value, currency),
        })
        .collect()
}

/// Each purpose with what was said of it.
pub fn consent(consent: Consent) -> [(&'static str, &'static str); 2] {
    let said = |choice: Choice| match choice {
        Choice::Unasked => "not asked",
        Choice::Granted { .. } => "allowed",
        Choice::Denied { .. } => "denied",
    };
    [
        ("Personalise offers", said(consent.personalise_offers)),
        ("Measure", said(consent.measure)),
    ]
}

impl GrantRow {
    fn of(granted: &Granted, compiled: &Compiled, now: i64) -> Self {
        let grant = granted.grant;
        let (state, tone) = match grant.state {
            GrantState::Redeemed => ("redeemed", "gain"),
            GrantState::Open if grant.until > now => ("open", "held"),
            GrantState::Open | GrantState::Lapsed => ("lapsed", "open"),
        };
        let offer = compiled.offers.get(&grant.offer);
        Self {
            offer: offer.map_or_else(
                || ids::format(Tag::Tier, grant.offer.0),
                |offer| offer.thing.name.to_string(),
            ),
            at: moment(grant.at),
            until: moment(grant.until),
            state,
            tone,
            decision: ids::format(Tag::Decision, granted.decision),
        }
    }
}
