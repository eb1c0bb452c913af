//! How does a figure look? Small pictures drawn as SVG in the page. Colours come from the style
//! sheet; every number drawn also stands in a table beside it.

use askama::Template;

use super::look::Estimate;

/// The width of all drawings, in their own units: near that of a phone, so that text stays legible.
const WIDTH: f64 = 380.0;
const MARGIN: f64 = 8.0;
const ROW: f64 = 46.0;
/// Where the mark of a row is drawn, from its top.
const MARK: f64 = 30.0;
const BAR: f64 = 12.0;
/// How far the lines of the axis reach above and below a mark, so that none crosses text.
const LINE: f64 = 11.0;
const AXIS: f64 = 26.0;

/// A place or a size, as SVG takes it.
fn at(place: f64) -> String {
    format!("{place:.1}")
}

/// From numbers to places.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Holds all numbers and zero, with a little room at either end.
    fn over(numbers: impl IntoIterator<Item = f64>) -> Self {
        let finite = numbers.into_iter().filter(|number| number.is_finite());
        let (low, high) = finite.fold((0.0_f64, 0.0_f64), |(low, high), number| {
            (low.min(number), high.max(number))
        });
        let room = if high > low { (high - low) * 0.04 } else { 1.0 };
        Self {
            low: low - if low < 0.0 { room } else { 0.0 },
            high: high + room,
        }
    }

    fn place(&self, number: f64) -> f64 {
        let share = (number - self.low) / (self.high - self.low);
        MARGIN + share.clamp(0.0, 1.0) * (WIDTH - 2.0 * MARGIN)
    }

    /// Round numbers on the axis, about six steps apart: 1, 2 or 5 times a power of ten.
    fn ticks(&self, write: impl Fn(f64) -> String) -> Vec<Tick> {
        let rough = (self.high - self.low) / 6.0;
        let power = 10_f64.powf(rough.log10().floor());
        let times = [1.0, 2.0, 5.0, 10.0];
        let step = times
            .into_iter()
            .map(|times| times * power)
            .find(|step| *step >= rough)
            .unwrap_or(power);
        let first = (self.low / step).ceil();
        (0..8)
            .map(|nth| (first + f64::from(nth)) * step)
            .take_while(|number| *number <= self.high)
            .map(|number| Tick {
                x: at(self.place(number)),
                anchor: anchor(self.place(number)),
                text: write(number),
            })
            .collect()
    }
}

/// Text near an end of the axis leans inwards.
fn anchor(place: f64) -> &'static str {
    if place < 40.0 {
        "start"
    } else if place > WIDTH - 40.0 {
        "end"
    } else {
        "middle"
    }
}

struct Tick {
    x: String,
    anchor: &'static str,
    text: String,
}

/// One line of a forest plot.
pub struct Interval {
    pub label: String,
    pub estimate: Estimate,
    pub sense: Sense,
    /// Known only of a simulated shop.
    pub truth: Option<f64>,
}

/// Whether more of it is better.
#[derive(Clone, Copy)]
pub enum Sense {
    Earned,
    /// Part of the account, good or bad by itself neither way.
    Plain,
}

/// Dots with their intervals, one beneath the other on one axis.
#[derive(Template)]
#[template(path = "drawings/forest.html")]
pub struct Forest {
    title: String,
    height: String,
    zero: String,
    ticks: Vec<Tick>,
    rows: Vec<ForestRow>,
    has_truth: bool,
}

struct ForestRow {
    label: String,
    value: String,
    text: String,
    mark: String,
    top: String,
    bottom: String,
    low: String,
    high: String,
    dot: String,
    truth: Option<String>,
    tone: &'static str,
}

/// `write` tells what stands under a tick.
pub fn forest(title: &str, intervals: Vec<Interval>, write: impl Fn(f64) -> String) -> Forest {
    let numbers = intervals.iter().flat_map(|one| {
        let Estimate { low, high, .. } = one.estimate;
        [Some(low), Some(high), one.truth].into_iter().flatten()
    });
    let scale = Scale::over(numbers);
    let bottom = ROW * intervals.len() as f64;
    Forest {
        title: title.to_owned(),
        height: at(bottom + AXIS),
        zero: at(scale.place(0.0)),
        ticks: scale.ticks(write),
        has_truth: intervals.iter().any(|one| one.truth.is_some()),
        rows: (0_u32..)
            .zip(intervals)
            .map(|(nth, one)| ForestRow::of(one, &scale, ROW * f64::from(nth)))
            .collect(),
    }
}

impl ForestRow {
    fn of(interval: Interval, scale: &Scale, top: f64) -> Self {
        let Estimate {
            text,
            estimate,
            low,
            high,
            ..
        } = interval.estimate;
        Self {
            label: interval.label,
            value: text,
            text: at(top + MARK - 14.0),
            mark: at(top + MARK),
            top: at(top + MARK - LINE),
            bottom: at(top + MARK + LINE),
            low: at(scale.place(low)),
            high: at(scale.place(high)),
            dot: at(scale.place(estimate)),
            truth: interval.truth.map(|truth| at(scale.place(truth))),
            tone: tone(interval.sense, (low, high)),
        }
    }
}

/// Above zero, below it, or neither: what the interval says, not the dot.
fn tone(sense: Sense, (low, high): (f64, f64)) -> &'static str {
    match sense {
        Sense::Earned if low > 0.0 => "gain",
        Sense::Earned if high < 0.0 => "loss",
        Sense::Plain if low > 0.0 || high < 0.0 => "sum",
        Sense::Earned | Sense::Plain => "open",
    }
}

/// A step of a waterfall: what is added to, or taken from, what stood before.
pub struct Step {
    pub label: &'static str,
    pub value: String,
    pub amount: f64,
    /// A sum starts at zero again.
    pub is_sum: bool,
}

/// How one amount becomes another, step by step.
#[derive(Template)]
#[template(path = "drawings/waterfall.html")]
pub struct Waterfall {
    title: String,
    height: String,
    zero: String,
    rows: Vec<WaterfallRow>,
}

struct WaterfallRow {
    label: &'static str,
    value: String,
    text: String,
    line: (String, String),
    top: String,
    x: String,
    width: String,
    tone: &'static str,
}

pub fn waterfall(title: &str, steps: Vec<Step>) -> Waterfall {
    let mut reached = 0.0;
    let mut spans = Vec::with_capacity(steps.len());
    for step in &steps {
        let from = if step.is_sum { 0.0 } else { reached };
        reached = from + step.amount;
        spans.push((from, reached));
    }
    let scale = Scale::over(spans.iter().flat_map(|(from, to)| [*from, *to]));
    let rows: Vec<_> = (0_u32..)
        .zip(steps.into_iter().zip(spans))
        .map(|(nth, (step, span))| WaterfallRow::of(step, span, (&scale, ROW * f64::from(nth))))
        .collect();
    Waterfall {
        title: title.to_owned(),
        height: at(ROW * rows.len() as f64),
        zero: at(scale.place(0.0)),
        rows,
    }
}

impl WaterfallRow {
    fn of(step: Step, (from, to): (f64, f64), (scale, top): (&Scale, f64)) -> Self {
        let (left, right) = (scale.place(from.min(to)), scale.place(from.max(to)));
        let tone = match (step.is_sum, step.amount < 0.0) {
            (true, false) => "sum",
            (true, true) | (false, true) => "loss",
            (false, false) => "gain",
        };
        Self {
            label: step.label,
            value: step.value,
            text: at(top + MARK - 14.0),
            line: (at(top + MARK - LINE), at(top + MARK + LINE)),
            top: at(top + MARK - BAR / 2.0),
            x: at(left),
            width: at((right - left).max(1.0)),
            tone,
        }
    }
}

/// How much of a budget is spent, and how much is held on top of that.
#[derive(Template)]
#[template(path = "drawings/meter.html")]
pub struct Meter {
    title: String,
    spent: String,
    held: String,
    is_tight: bool,
}

/// `is_tight` where little is left.
pub fn meter(title: String, (spent, held, limit): (u64, u64, u64)) -> Meter {
    let share = |part: u64| (part as f64 / limit.max(1) as f64 * 100.0).min(100.0);
    Meter {
        title,
        spent: at(share(spent)),
        held: at(share(spent.saturating_add(held))),
        is_tight: share(spent.saturating_add(held)) >= 90.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(label: &str, (low, estimate, high): (f64, f64, f64)) -> Interval {
        let text = String::from("n");
        Interval {
            label: label.into(),
            estimate: Estimate {
                low_text: text.clone(),
                high_text: text.clone(),
                text,
                estimate,
                low,
                high,
            },
            sense: Sense::Earned,
            truth: None,
        }
    }

    #[test]
    fn a_forest_is_to_scale_and_escaped() {
        let rows = vec![
            interval("<script>", (-100.0, 0.0, 100.0)),
            interval("b", (50.0, 75.0, 100.0)),
            interval("c", (-100.0, -75.0, -50.0)),
        ];
        let forest = forest("t", rows, |number| format!("{number}"));
        let tones: Vec<_> = forest.rows.iter().map(|row| row.tone).collect();
        assert_eq!(tones, ["open", "gain", "loss"]);
        assert_eq!(forest.zero, "190.0");
        assert_eq!(forest.rows[0].dot, forest.zero);
        let ticks: Vec<_> = forest.ticks.iter().map(|tick| &*tick.text).collect();
        assert_eq!(ticks, ["-100", "-50", "0", "50", "100"]);
        let svg = forest.render().unwrap();
        assert!(!svg.contains("<script>"), "{svg}");
    }

    #[test]
    fn a_waterfall_ends_where_its_steps_lead() {
        let step = |label, amount, is_sum| Step {
            label,
            value: String::new(),
            amount,
            is_sum,
        };
        let steps = vec![
            step("revenue", 100.0, false),
            step("goods", -60.0, false),
            step("profit", 40.0, true),
        ];
        let fall = waterfall("t", steps);
        let [revenue, goods, profit] = fall.rows.as_slice() else {
            panic!("three steps")
        };
        assert_eq!(revenue.x, profit.x);
        assert_eq!(
            (revenue.tone, goods.tone, profit.tone),
            ("gain", "loss", "sum")
        );
        let width = |row: &WaterfallRow| row.width.parse::<f64>().unwrap();
        assert!((width(revenue) - width(goods) - width(profit)).abs() < 0.3);
    }

    #[test]
    fn nothing_to_draw_is_no_fault() {
        let one = interval("a", (f64::NAN, f64::INFINITY, f64::NAN));
        assert!(forest("t", vec![one], |n| n.to_string()).render().is_ok());
        assert!(waterfall("t", Vec::new()).render().is_ok());
        assert_eq!(meter("t".into(), (0, 0, 0)).spent, "0.0");
        assert!(meter("t".into(), (5, 4, 10)).is_tight);
    }
}
