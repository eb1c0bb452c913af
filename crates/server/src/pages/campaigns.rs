//! What does each campaign do, what may it still spend, and what did it earn?

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Html,
};
use ledger::{Currency, Timestamp};
use measurement::{Effect, Increment, Line, Statement};
use offers::{Campaign, CampaignId, Offer};
use wire::ids::{self, Tag};

use super::{
    Shell,
    drawings::{Meter, Step, Waterfall, meter, waterfall},
    figures::{self, Budget},
    look::{Digits, Estimate, estimate, money, number, rounded, share},
    plain, show,
    sign_in::Visitor,
};
use crate::{app::App, catalogue::offers_of, problem::Refused, reports};

/// From here on a budget is nearly spent.
const NEARLY: u64 = 90;

/// A campaign in one row.
pub struct Summary {
    pub name: String,
    pub href: String,
    pub status: &'static str,
    pub tone: &'static str,
    pub validity: String,
    pub budget: Option<BudgetView>,
    pub given: String,
    pub redemptions: String,
    /// What somebody should look at, if anything.
    pub attention: Option<String>,
}

pub struct BudgetView {
    pub limit: String,
    pub spent: String,
    pub held: String,
    pub left: String,
    pub meter: Meter,
}

impl BudgetView {
    fn of(budget: Budget, currency: Currency) -> Self {
        let Budget {
            limit,
            spent,
            held,
            left,
        } = budget;
        let write = |minor| money(minor, currency);
        let title = format!(
            "{} spent and {} held of {}",
            write(spent),
            write(held),
            write(limit)
        );
        Self {
            limit: write(limit),
            spent: write(spent),
            held: write(held),
            left: write(left),
            meter: meter(title, (spent, held, limit)),
        }
    }
}

impl Summary {
    pub async fn of(app: &App, visitor: &Visitor, campaign: &Campaign) -> Result<Self, Refused> {
        let Visitor { project, now, .. } = *visitor;
        let budget = figures::budget(app, (project, now), campaign).await?;
        let redemptions = figures::redemptions(app, project, campaign).await?;
        let given = figures::discount_given(app, project, campaign).await?;
        let (status, tone) = status(campaign, now);
        let currency = campaign.currency;
        Ok(Self {
            name: campaign.name.to_string(),
            href: href(campaign.id),
            status,
            tone,
            validity: plain::validity(&campaign.validity),
            attention: attention(status, budget, redemptions),
            budget: budget.map(|budget| BudgetView::of(budget, currency)),
            given: money(given, currency),
            redemptions: number(redemptions),
        })
    }
}

/// The path of a campaign's page.
pub fn href(id: CampaignId) -> String {
    format!("/campaigns/{}", ids::format(Tag::Campaign, id.0))
}

/// In words, and as a tone.
fn status(campaign: &Campaign, now: Timestamp) -> (&'static str, &'static str) {
    let validity = &campaign.validity;
    if !campaign.active {
        ("paused", "held")
    } else if validity.until.is_some_and(|until| until < now) {
        ("ended", "open")
    } else if validity.from.is_some_and(|from| from > now) {
        ("not started", "held")
    } else {
        ("running", "gain")
    }
}

fn attention(status: &str, budget: Option<Budget>, redemptions: u64) -> Option<String> {
    let nearly = |budget: &Budget| {
        let taken = u128::from(budget.limit.saturating_sub(budget.left));
        taken * 100 >= u128::from(budget.limit) * u128::from(NEARLY)
    };
    if status == "ended" {
        return Some("It has ended: extend it, or archive it with its result.".into());
    }
    if status != "running" {
        return None;
    }
    match budget.filter(nearly) {
        Some(Budget { left: 0, .. }) => {
            Some("Its budget is spent: raise it, or let it end.".into())
        }
        Some(_) => Some(format!("Its budget is more than {NEARLY} % taken.")),
        None if redemptions == 0 => {
            Some("Nobody has redeemed it: look at who qualifies and where it is shown.".into())
        }
        None => None,
    }
}

/// What the interval says, and its tone.
fn verdict(profit: &Effect) -> (&'static str, &'static str) {
    if profit.low > 0.0 {
        ("earns", "gain")
    } else if profit.high < 0.0 {
        ("loses", "loss")
    } else {
        ("cannot tell", "open")
    }
}

#[derive(Template)]
#[template(path = "campaigns.html")]
struct Campaigns {
    shell: Shell,
    campaigns: Vec<Summary>,
    /// Of all campaigns together: there is one holdout for all of them.
    profit: Result<Estimate, String>,
    verdict: (&'static str, &'static str),
}

pub async fn list(State(app): State<App>, visitor: Visitor) -> Result<Html<String>, Refused> {
    let compiled = app.compiled(visitor.project).await?;
    let mut campaigns = Vec::with_capacity(compiled.campaigns.len());
    for campaign in compiled.campaigns.values() {
        campaigns.push(Summary::of(&app, &visitor, &campaign.thing).await?);
    }
    let profit = reports::overview(&app, visitor.project).await?.profit;
    let currency = figures::currency(&compiled);
    show(&Campaigns {
        shell: Shell::of("campaigns", &visitor),
        campaigns,
        verdict: profit
            .as_ref()
            .map_or(("too early to tell", "open"), verdict),
        profit: profit
            .map(|profit| estimate(&profit, currency))
            .map_err(|why| why.to_string()),
    })
}

#[derive(Template)]
#[template(path = "campaign.html")]
struct CampaignPage {
    shell: Shell,
    summary: Summary,
    rule: String,
    rule_text: String,
    offers: Vec<OfferRow>,
    caps: Vec<String>,
    posted: Vec<Fact>,
    result: Result<Earned, String>,
}

struct OfferRow {
    name: String,
    benefit: String,
    condition: Option<String>,
    how: &'static str,
    lives: String,
    is_active: bool,
}

struct Fact {
    label: &'static str,
    value: String,
    meaning: &'static str,
}

/// The profit and loss of a campaign against the holdout.
struct Earned {
    drawing: Waterfall,
    rows: Vec<EarnedRow>,
    treated: String,
    held_out: String,
    cost_of_holdout: Estimate,
}

struct EarnedRow {
    label: &'static str,
    amount: String,
    interval: String,
    is_sum: bool,
}

pub async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Html<String>, Refused> {
    let compiled = app.compiled(visitor.project).await?;
    let id = id_of(&name)?;
    let campaign = compiled.campaigns.get(&id).ok_or_else(|| missing(&name))?;
    let campaign = &campaign.thing;
    let currency = campaign.currency;
    let statement = reports::statement(&app, visitor.project, id).await?;
    let offers: Vec<&Offer> = offers_of(&compiled, id).map(|offer| &offer.thing).collect();
    let caps = campaign.caps.iter().map(|cap| plain::cap(cap, currency));
    show(&CampaignPage {
        shell: Shell::of("campaigns", &visitor),
        summary: Summary::of(&app, &visitor, campaign).await?,
        rule: plain::campaign(campaign, &offers),
        rule_text: campaign.rule.to_string(),
        offers: offers
            .iter()
            .map(|offer| OfferRow::of(offer, currency))
            .collect(),
        caps: caps.collect(),
        posted: posted(&statement, currency),
        result: match &statement.incremental {
            Ok(increment) => Ok(Earned::of(increment, currency)),
            Err(why) => Err(why.to_string()),
        },
    })
}

/// # Errors
/// When the name is none of a campaign.
pub fn id_of(name: &str) -> Result<CampaignId, Refused> {
    let parsed = ids::parse(Tag::Campaign, name);
    parsed.map(CampaignId).map_err(|_| missing(name))
}

pub fn missing(name: &str) -> Refused {
    Refused::NotFound {
        what: "campaign",
        id: name.to_owned(),
    }
}

impl OfferRow {
    fn of(offer: &Offer, currency: Currency) -> Self {
        let own_rule = match &offer.rule {
            rules::Condition::Always => None,
            rule => Some(plain::condition(rule, currency)),
        };
        Self {
            name: offer.name.to_string(),
            benefit: plain::benefit(offer, currency),
            condition: own_rule,
            how: if offer.is_tier {
                "applies by itself"
            } else {
                "with a code"
            },
            lives: plain::duration(offer.grant_ms),
            is_active: offer.active,
        }
    }
}

fn posted(statement: &Statement, currency: Currency) -> Vec<Fact> {
    let posted = &statement.posted;
    let row = |label, value, meaning| Fact {
        label,
        value,
        meaning,
    };
    let write = |minor| money(minor, currency);
    let mut rows = vec![
        row(
            "Redemptions",
            number(posted.redemptions),
            "Orders it was used on.",
        ),
        row(
            "Attributed revenue",
            write(posted.attributed),
            "What those orders came to before discount, caused by it or not.",
        ),
        row(
            "Discount given",
            write(posted.discount),
            "What it took off those orders.",
        ),
        row(
            "Discount rate",
            share(posted.discount, posted.attributed),
            "Discount as a share of that revenue.",
        ),
    ];
    if posted.goods > 0 {
        let cost = "What those orders' goods cost, where they told.";
        rows.push(row("Cost of goods", write(posted.goods), cost));
    }
    if posted.liability > 0 || posted.breakage > 0 {
        let owed = "Owed to customers and not yet used.";
        rows.push(row("Liability", write(posted.liability), owed));
        rows.push(row(
            "Breakage",
            write(posted.breakage),
            "Owed, and lapsed unused.",
        ));
    }
    rows
}

impl Earned {
    fn of(increment: &Increment, currency: Currency) -> Self {
        let costs = [
            ("Cost of goods", increment.goods),
            ("Shipping", increment.shipping),
            ("Fees", increment.fees),
            ("Discount", increment.discount),
        ];
        let revenue = Line {
            total: increment.revenue.estimate,
            interval: Some((increment.revenue.low, increment.revenue.high)),
        };
        let profit = Line {
            total: increment.profit.estimate,
            interval: Some((increment.profit.low, increment.profit.high)),
        };
        let costs = costs.map(|(label, line)| (label, negative(line), false));
        let mut lines = vec![("Revenue before discount", revenue, false)];
        lines.extend(costs);
        lines.push(("Incremental profit", profit, true));
        let step = |(label, line, is_sum): &(&'static str, Line, bool)| Step {
            label,
            value: rounded(line.total, currency, Digits::Whole),
            amount: line.total,
            is_sum: *is_sum,
        };
        Self {
            drawing: waterfall(
                "From incremental revenue to incremental profit",
                lines.iter().map(step).collect(),
            ),
            rows: lines
                .iter()
                .map(|(label, line, is_sum)| EarnedRow::of(label, line, (*is_sum, currency)))
                .collect(),
            treated: number(increment.treated),
            held_out: number(increment.held_out),
            cost_of_holdout: estimate(&increment.cost_of_holdout, currency),
        }
    }
}

impl EarnedRow {
    fn of(label: &'static str, line: &Line, (is_sum, currency): (bool, Currency)) -> Self {
        let interval = line
            .interval
            .map_or("the same for all".into(), |(low, high)| {
                format!(
                    "{} to {}",
                    rounded(low, currency, Digits::Whole),
                    rounded(high, currency, Digits::Whole)
                )
            });
        Self {
            label,
            amount: rounded(line.total, currency, Digits::Whole),
            interval,
            is_sum,
        }
    }
}

fn negative(line: Line) -> Line {
    Line {
        total: -line.total,
        interval: line.interval.map(|(low, high)| (-high, -low)),
    }
}
