//! What did it all earn, and what needs somebody's attention?

use askama::Template;
use axum::{extract::State, response::Html};
use ledger::Currency;
use measurement::{Increment, Posted, Unready};

use super::{
    Shell,
    campaigns::Summary,
    decisions::{self, DecisionRow},
    drawings::{Forest, Interval, Sense, forest},
    figures::{self, Truth},
    look::{Estimate, Moment, estimate, moment, money, number, share, signed},
    show,
    sign_in::Visitor,
};
use crate::{app::App, problem::Refused, reports};

const LAST_DECISIONS: u32 = 8;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    shell: Shell,
    profit: Result<Profit, String>,
    revenue: String,
    customers: String,
    discount: String,
    redemptions: String,
    discount_share: String,
    campaigns: Vec<Summary>,
    has_attention: bool,
    decisions: Vec<DecisionRow>,
    as_of: Moment,
}

/// What the offers caused, beside what a simulator knows that they caused.
struct Profit {
    estimate: Estimate,
    sentence: String,
    drawing: Forest,
    truth: Option<KnownTruth>,
}

struct KnownTruth {
    text: String,
    as_of: Moment,
    is_inside: bool,
}

pub async fn page(State(app): State<App>, visitor: Visitor) -> Result<Html<String>, Refused> {
    let project = visitor.project;
    let compiled = app.compiled(project).await?;
    let currency = figures::currency(&compiled);
    let arms = reports::arms(&app, project).await?;
    let design = &compiled.decisioning.design;
    let increment = measurement::statement(design, &Posted::default(), &arms).incremental;
    let books = reports::overview(&app, project).await?;
    let truth = figures::truth(&app, project).await?;
    let before = figures::total(&arms, |arm| arm.revenue);
    let discount = figures::total(&arms, |arm| arm.discount);
    let mut campaigns = Vec::new();
    for campaign in compiled.campaigns.values() {
        campaigns.push(Summary::of(&app, &visitor, &campaign.thing).await?);
    }
    show(&Overview {
        shell: Shell::of("overview", &visitor),
        profit: profit(increment, truth, currency),
        revenue: money(before.saturating_sub(discount), currency),
        customers: number(arms.iter().map(|arm| arm.profit.n).sum()),
        discount: money(books.discount, currency),
        redemptions: number(books.redemptions),
        discount_share: share(discount, before),
        has_attention: campaigns
            .iter()
            .any(|campaign| campaign.attention.is_some()),
        campaigns,
        decisions: decisions::rows(&app, project, (0, LAST_DECISIONS)).await?,
        as_of: moment(visitor.now),
    })
}

fn profit(
    increment: Result<Increment, Unready>,
    truth: Option<Truth>,
    currency: Currency,
) -> Result<Profit, String> {
    let increment = increment.map_err(|why| why.to_string())?;
    let estimate = estimate(&increment.profit, currency);
    let said = if estimate.low > 0.0 {
        "The gain is larger than chance explains."
    } else if estimate.high < 0.0 {
        "The loss is larger than chance explains."
    } else {
        "Chance alone may explain the difference: it may be a gain, a loss or none."
    };
    let sentence = format!(
        "What {} customers who could get offers brought beyond what they would have brought \
         without, compared with {} similar customers held out, who get none. {said}",
        number(increment.treated),
        number(increment.held_out),
    );
    let interval = Interval {
        label: "Incremental profit".into(),
        estimate: estimate.clone(),
        sense: Sense::Earned,
        truth: truth
            .as_ref()
            .map(|truth| truth.true_incremental_profit as f64),
    };
    let known = truth.map(|truth| {
        let value = truth.true_incremental_profit as f64;
        KnownTruth {
            text: signed(truth.true_incremental_profit, currency),
            as_of: moment(truth.as_of),
            is_inside: (estimate.low..=estimate.high).contains(&value),
        }
    });
    Ok(Profit {
        drawing: forest(
            "Incremental profit with its interval",
            vec![interval],
            tick(currency),
        ),
        estimate,
        sentence,
        truth: known,
    })
}

/// Minor units under a tick, without the currency.
pub fn tick(currency: Currency) -> impl Fn(f64) -> String {
    let places = wire::decisions::money(0, currency)
        .split_once('.')
        .map_or(0, |(_, part)| part.len().saturating_sub(4));
    let scale = 10_f64.powi(i32::try_from(places).unwrap_or(2));
    move |minor| {
        let whole = minor / scale;
        let is_whole = (whole - whole.round()).abs() < 1e-6;
        let digits = if is_whole { 0 } else { places };
        let text = format!("{whole:.digits$}").replace('-', "−");
        text.strip_suffix("000")
            .map_or(text.clone(), |k| format!("{k}k"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_short() {
        let check = |minor: f64, expected: &str| {
            assert_eq!(tick(Currency(*b"EUR"))(minor), expected);
        };
        check(0.0, "0");
        check(-500.0, "−5");
        check(50.0, "0.50");
        check(200_000.0, "2k");
        check(-100_000_000.0, "−1000k");
        assert_eq!(tick(Currency(*b"JPY"))(15.0), "15");
    }
}
