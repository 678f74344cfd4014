//! Curves as pictures. In: the curves of systems; out: an SVG drawing, or a
//! page around it that needs nothing else. Measures nothing.

use std::fmt::Write as _;

use super::curves::{Curve, Figures, Point, Ranged};
use crate::base::int;

/// Colours that stay apart for most eyes (Okabe and Ito 2008).
const COLOURS: [&str; 7] = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
    "#000000",
];
/// Side of a panel.
const SIDE: f64 = 360.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 40.0;
/// From one panel to the next.
const STEP: f64 = 460.0;
/// The lowest rate of false flags that the drawing shows.
const RATE_MIN: f64 = 1e-5;
/// Points of a line: more than a screen has.
const POINTS_MAX: usize = 600;

/// One system as drawn.
pub struct Drawn<'a> {
    pub name: &'a str,
    pub curve: &'a Curve,
    pub figures: &'a Figures,
}

/// Both curves side by side.
pub fn svg(systems: &[Drawn<'_>]) -> String {
    let lines = int::to_f64(int::to_u64(systems.len()));
    let height = TOP + SIDE + 60.0 + 18.0 * lines;
    let width = LEFT + STEP + SIDE + 30.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    roc_axes(&mut out);
    precision_axes(&mut out);
    for (number, system) in systems.iter().enumerate() {
        let colour = COLOURS[number % COLOURS.len()];
        let points = thinned(&system.curve.points);
        let roc = points
            .iter()
            .map(|p| (LEFT + SIDE * rate_place(p.false_rate), up(p.recall)));
        line(roc, colour, &mut out);
        let precision = points
            .iter()
            .map(|p| (LEFT + STEP + SIDE * p.recall, up(p.precision)));
        line(precision, colour, &mut out);
        marks(system.figures, colour, &mut out);
        let y = TOP + SIDE + 60.0 + 18.0 * int::to_f64(int::to_u64(number));
        let _ = writeln!(
            out,
            "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"14\" height=\"4\" \
             fill=\"{colour}\"/><text x=\"{}\" y=\"{:.1}\">{} (area {:.4}, \
             average precision {:.4})</text>",
            y - 5.0,
            LEFT + 20.0,
            y,
            escaped(system.name),
            system.curve.area,
            system.curve.average_precision
        );
    }
    out.push_str("</svg>\n");
    out
}

/// A page with the drawing and the figures.
pub fn html(systems: &[Drawn<'_>], note: &str) -> String {
    let mut out = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <title>trommel eval</title>\n<style>body{font:14px sans-serif;\
         margin:2em}table{border-collapse:collapse}td,th{padding:.3em .8em;\
         border-bottom:1px solid #ccc;text-align:right}td:first-child,\
         th:first-child{text-align:left}</style>\n<h1>trommel eval</h1>\n",
    );
    out.push_str(&svg(systems));
    out.push_str(
        "<table>\n<tr><th>system<th>recall<th>recall by takedown\
         <th>clean flagged in 10,000<th>clean taken down in 10,000\
         <th>area<th>average precision</tr>\n",
    );
    for system in systems {
        let Figures { recall, recall_takedown, flagged, taken, .. } =
            system.figures;
        let _ = writeln!(
            out,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{:.4}<td>{:.4}</tr>",
            escaped(system.name),
            ranged(recall, 3),
            ranged(recall_takedown, 3),
            ranged(flagged, 2),
            ranged(taken, 2),
            system.curve.area,
            system.curve.average_precision
        );
    }
    let _ = writeln!(out, "</table>\n<p>{}</p>\n</html>", escaped(note));
    out
}

/// A figure with its range.
pub fn ranged(of: &Ranged, digits: usize) -> String {
    if of.low == of.high && of.low == of.value {
        return format!("{:.digits$}", of.value);
    }
    format!(
        "{:.digits$} ({:.digits$} to {:.digits$})",
        of.value, of.low, of.high
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn up(share: f64) -> f64 {
    TOP + SIDE * (1.0 - share)
}

/// Where a rate stands on the logarithmic axis, from 0 to 1.
fn rate_place(rate: f64) -> f64 {
    let low = RATE_MIN.log10();
    (rate.max(RATE_MIN).log10() - low) / -low
}

/// First, last and evenly chosen points between.
fn thinned(points: &[Point]) -> Vec<Point> {
    let step = points.len().div_ceil(POINTS_MAX).max(1);
    let last = points.len().saturating_sub(1);
    let all = points.iter().enumerate();
    let kept = all.filter(|(at, _)| at % step == 0 || *at == last);
    kept.map(|(_, point)| *point).collect()
}

fn line(
    points: impl Iterator<Item = (f64, f64)>,
    colour: &str,
    out: &mut String,
) {
    let places: Vec<String> =
        points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        out,
        "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" \
         points=\"{}\"/>",
        places.join(" ")
    );
}

/// Where the verdicts of the system lie: a circle for all that is flagged,
/// a square for takedowns.
fn marks(figures: &Figures, colour: &str, out: &mut String) {
    let place = |rate: f64, recall: f64| {
        (LEFT + SIDE * rate_place(rate / 10_000.0), up(recall))
    };
    let (x, y) = place(figures.flagged.value, figures.recall.value);
    let _ = writeln!(
        out,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>"
    );
    let (x, y) = place(figures.taken.value, figures.recall_takedown.value);
    let _ = writeln!(
        out,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\" \
         fill=\"{colour}\"/>",
        x - 3.5,
        y - 3.5
    );
}

fn frame(left: f64, title: &str, below: &str, out: &mut String) {
    let middle = left + SIDE / 2.0;
    let _ = writeln!(
        out,
        "<rect x=\"{left}\" y=\"{TOP}\" width=\"{SIDE}\" height=\"{SIDE}\" \
         fill=\"none\" stroke=\"#888\"/>\n\
         <text x=\"{middle}\" y=\"{:.1}\" text-anchor=\"middle\" \
         font-size=\"14\">{title}</text>\n\
         <text x=\"{middle}\" y=\"{:.1}\" text-anchor=\"middle\">{below}\
         </text>",
        TOP - 12.0,
        TOP + SIDE + 34.0
    );
    for tenth in [0.0, 0.2, 0.4, 0.6, 0.8, 1.0] {
        let y = up(tenth);
        let _ = writeln!(
            out,
            "<line x1=\"{left}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\" \
             stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{tenth:.1}</text>",
            left + SIDE,
            left - 6.0,
            y + 4.0
        );
    }
}

fn tick(x: f64, text: &str, out: &mut String) {
    let _ = writeln!(
        out,
        "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{:.1}\" \
         stroke=\"#ddd\"/><text x=\"{x:.1}\" y=\"{:.1}\" \
         text-anchor=\"middle\">{text}</text>",
        TOP + SIDE,
        TOP + SIDE + 16.0
    );
}

fn roc_axes(out: &mut String) {
    let below = "clean records flagged (logarithmic)";
    frame(LEFT, "ROC: recall by false flags", below, out);
    let rates = [
        (1e-5, "1e-5"),
        (1e-4, "1e-4"),
        (1e-3, "1e-3"),
        (1e-2, "0.01"),
        (1e-1, "0.1"),
        (1.0, "1"),
    ];
    for (rate, text) in rates {
        tick(LEFT + SIDE * rate_place(rate), text, out);
    }
}

fn precision_axes(out: &mut String) {
    let left = LEFT + STEP;
    frame(left, "Precision by recall", "recall", out);
    for (share, text) in
        [(0.0, "0"), (0.25, "0.25"), (0.5, "0.5"), (0.75, "0.75"), (1.0, "1")]
    {
        tick(left + SIDE * share, text, out);
    }
}
