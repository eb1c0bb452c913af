//! How does latency against rate look? One SVG file for each question; every number drawn also
//! stands in the table that is printed.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 48.0;
/// Latency on a scale of ratios, in microseconds: from here, so many tenfolds.
const LEAST: f64 = 100.0;
const TENFOLDS: [&str; 6] = ["100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"];
/// Told apart also by those who see no red or no green (Okabe and Ito 2008).
const COLOURS: [&str; 4] = ["#0072b2", "#009e73", "#e69f00", "#d55e00"];

/// One line of the drawing.
pub struct Curve {
    pub name: String,
    /// Requests a second, and microseconds.
    pub points: Vec<(f64, f64)>,
}

/// The whole file.
pub fn drawing(title: &str, curves: &[Curve]) -> String {
    let rates = curves.iter().flat_map(|curve| curve.points.iter());
    let most = rates.map(|(rate, _)| *rate).fold(1.0, f64::max);
    let scale = Scale { most };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    text(&mut svg, (LEFT, 22.0), ("start", title));
    axes(&mut svg, &scale);
    for (place, curve) in curves.iter().enumerate() {
        let colour = COLOURS
            .get(place % COLOURS.len())
            .copied()
            .unwrap_or("black");
        draw(&mut svg, &scale, (curve, colour));
        let x = LEFT + 130.0 * place as f64;
        line(&mut svg, ((x, 42.0), (x + 18.0, 42.0)), colour);
        text(&mut svg, (x + 24.0, 46.0), ("start", &curve.name));
    }
    svg + "</svg>\n"
}

struct Scale {
    /// The highest rate.
    most: f64,
}

impl Scale {
    fn x(&self, rate: f64) -> f64 {
        LEFT + rate / self.most * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, micros: f64) -> f64 {
        let tenfolds = (TENFOLDS.len() - 1) as f64;
        let up = (micros / LEAST).max(1.0).log10().min(tenfolds) / tenfolds;
        HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)
    }

    /// Round rates, about six steps apart: 1, 2 or 5 times a power of ten.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let rough = self.most / 6.0;
        let power = 10_f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
        let step = steps.into_iter().find(|step| *step >= rough);
        let (step, most) = (step.unwrap_or(rough), self.most);
        (0..8)
            .map(move |nth| f64::from(nth) * step)
            .take_while(move |rate| *rate <= most)
    }
}

fn axes(svg: &mut String, scale: &Scale) {
    let (left, right) = (scale.x(0.0), scale.x(scale.most));
    for (nth, name) in (0..).zip(TENFOLDS) {
        let y = scale.y(LEAST * 10_f64.powi(nth));
        line(svg, ((left, y), (right, y)), "#dddddd");
        text(svg, (left - 8.0, y + 4.0), ("end", name));
    }
    let (bottom, top) = (scale.y(0.0), scale.y(f64::MAX));
    for rate in scale.ticks() {
        let x = scale.x(rate);
        line(svg, ((x, bottom), (x, top)), "#eeeeee");
        text(svg, (x, bottom + 18.0), ("middle", &format!("{rate:.0}")));
    }
    let middle = f64::midpoint(left, right);
    text(
        svg,
        (middle, HEIGHT - 10.0),
        ("middle", "requests offered, a second"),
    );
}

fn draw(svg: &mut String, scale: &Scale, (curve, colour): (&Curve, &str)) {
    let places = curve.points.iter();
    let places: Vec<(f64, f64)> = places
        .map(|(rate, micros)| (scale.x(*rate), scale.y(*micros)))
        .collect();
    let path: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let path = path.join(" ");
    // Writing to a string does not fail.
    let _ = writeln!(
        svg,
        "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
    );
    for (x, y) in places {
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
}

fn line(svg: &mut String, ((x1, y1), (x2, y2)): ((f64, f64), (f64, f64)), colour: &str) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), (anchor, words): (&str, &str)) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_drawn_inside_the_frame() {
        let points = vec![(0.0, 10.0), (500.0, 2_000.0), (1_000.0, 60_000_000.0)];
        let curve = Curve {
            name: "p99".into(),
            points,
        };
        let svg = drawing("decisions", &[curve]);
        assert_eq!(svg.matches("<circle").count(), 3);
        // Nothing left of the axis, nothing above the frame.
        assert!(
            svg.contains("points=\"64.0,372.0 382.0,291.9 700.0,64.0\""),
            "{svg}"
        );
        assert!(svg.contains(">1000</text>"), "{svg}");
    }

    #[test]
    fn nothing_measured_is_an_empty_frame() {
        assert!(drawing("decisions", &[]).ends_with("</svg>\n"));
    }
}
