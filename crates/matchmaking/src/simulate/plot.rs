//! Line charts as SVG: rates on a logarithmic axis, figures on a linear one.

use std::fmt::Write as _;

/// A line through points.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

/// A chart.
pub(super) struct Plot {
    pub(super) title: String,
    pub(super) x: String,
    pub(super) y: String,
    /// Where the upright axis begins.
    pub(super) base: f64,
    pub(super) lines: Vec<Line>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 56.0;
/// Told apart by the colour-blind, too (Okabe and Ito).
const COLOURS: [&str; 6] = ["#d55e00", "#0072b2", "#56b4e9", "#009e73", "#cc79a7", "#777777"];
/// Names closer together than this overlap.
const LINE_HEIGHT: f64 = 16.0;

impl Plot {
    pub(super) fn svg(&self) -> String {
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let low = all().map(|point| point.0).fold(f64::INFINITY, f64::min).ln();
        let high = all().map(|point| point.0).fold(f64::NEG_INFINITY, f64::max).ln();
        let most = all().map(|point| point.1).fold(self.base, f64::max);
        let step = step((most - self.base) / 5.0);
        let top = self.base + ((most - self.base) / step).ceil().max(1.0) * step;
        let x = |value: f64| LEFT + (value.ln() - low) / (high - low).max(1e-9) * (WIDTH - LEFT - RIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - (value - self.base) / (top - self.base) * (HEIGHT - TOP - BOTTOM);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
             height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
             <text x=\"{LEFT}\" y=\"26\" font-size=\"16\" font-weight=\"bold\" fill=\"#222222\">{}</text>\n",
            self.title
        );
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        let mut value = self.base;
        while value <= top + step / 2.0 {
            let at = y(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444444\">{}</text>",
                LEFT - 8.0,
                at + 4.0,
                (value * 100.0).round() / 100.0
            );
            value += step;
        }
        let rates = self.lines.first().map(|line| line.points.as_slice()).unwrap_or_default();
        for (rate, _) in rates {
            let _ = writeln!(
                svg,
                "<line x1=\"{0:.1}\" y1=\"{bottom}\" x2=\"{0:.1}\" y2=\"{1:.1}\" stroke=\"#444444\"/>\
                 <text x=\"{0:.1}\" y=\"{2:.1}\" text-anchor=\"middle\" fill=\"#444444\">{rate}</text>",
                x(*rate),
                bottom + 5.0,
                bottom + 20.0
            );
        }
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{bottom}\" x2=\"{right}\" y2=\"{bottom}\" stroke=\"#444444\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#444444\">{}</text>\
             <text transform=\"translate(18 {:.1}) rotate(-90)\" text-anchor=\"middle\" fill=\"#444444\">{}</text>",
            f64::midpoint(LEFT, right),
            HEIGHT - 16.0,
            self.x,
            f64::midpoint(TOP, bottom),
            self.y
        );
        self.draw_lines(&mut svg, x, y);
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_lines(&self, svg: &mut String, x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) {
        // The first line is what the chart is about: drawn last, and stronger.
        for (line, colour) in self.lines.iter().zip(COLOURS).rev() {
            let own = colour == COLOURS[0];
            let at: Vec<_> = line.points.iter().map(|(a, b)| format!("{:.1},{:.1}", x(*a), y(*b))).collect();
            let width = if own { 3.0 } else { 1.8 };
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>",
                at.join(" ")
            );
            for (a, b) in &line.points {
                let _ =
                    writeln!(svg, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{width}\" fill=\"{colour}\"/>", x(*a), y(*b));
            }
        }
        let mut names: Vec<_> = self.lines.iter().zip(COLOURS).collect();
        let end = |line: &Line| line.points.last().map_or(0.0, |(_, figure)| y(*figure));
        names.sort_by(|a, b| end(a.0).total_cmp(&end(b.0)));
        let mut free = TOP;
        // The lowest ones are moved up where they would leave the chart.
        let mut room = HEIGHT - BOTTOM - LINE_HEIGHT * names.iter().skip(1).map(|_| 1.0).sum::<f64>();
        for (line, colour) in names {
            let at = end(line).min(room).max(free);
            (free, room) = (at + LINE_HEIGHT, room + LINE_HEIGHT);
            let weight = if colour == COLOURS[0] { "bold" } else { "normal" };
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\" font-weight=\"{weight}\">{}</text>",
                WIDTH - RIGHT + 10.0,
                at + 4.0,
                line.name
            );
        }
    }
}

/// A round number no less than this.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1e-6).log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= least).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (least, round) in [(0.13, 0.2), (1.0, 1.0), (23.0, 25.0), (60.0, 100.0)] {
            assert!((step(least) - round).abs() < 1e-9, "{least}");
        }
    }

    #[test]
    fn draws_every_line_inside_the_chart() {
        let line = |name: &str, figure: f64| Line { name: name.to_owned(), points: vec![(0.05, figure), (25.0, 2.0)] };
        let lines = vec![line("one", 1.2), line("another", 7.9)];
        let plot = Plot { title: "t".into(), x: "x".into(), y: "y".into(), base: 1.0, lines };
        let svg = plot.svg();
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert!(svg.contains(">one<") && svg.contains(">another<") && !svg.contains("NaN") && !svg.contains("-1."));
    }
}
