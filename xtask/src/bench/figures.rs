//! What was measured, beside the floor and the budget. Each figure is printed as soon as it is known.

use serde_json::{Map, Value, json};
use std::io::Write as _;

/// One measured figure.
pub struct Figure {
    /// Name in the JSON report.
    key: &'static str,
    /// What it is, for people.
    what: &'static str,
    unit: &'static str,
    /// Every measurement; the median counts.
    values: Vec<f64>,
    /// The same with no engine, where that can be measured.
    floor: Option<f64>,
    /// What it may be at most.
    budget: Option<f64>,
}

impl Figure {
    /// Names a figure.
    pub fn new(key: &'static str, what: &'static str, unit: &'static str, values: &[f64]) -> Self {
        Self { key, what, unit, values: values.to_vec(), floor: None, budget: None }
    }

    /// Sets it beside what the writes alone take.
    pub fn floor(self, floor: Option<f64>) -> Self {
        Self { floor, ..self }
    }

    /// Sets the most that it may be.
    pub fn budget(self, budget: Option<f64>) -> Self {
        Self { budget, ..self }
    }

    fn median(&self) -> f64 {
        let mut sorted = self.values.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn row(&self) -> [String; 6] {
        let show = |value: f64| {
            let digits = if self.unit == "s" || self.unit == "%" { 2 } else { usize::from(value < 10.0) };
            format!("{value:.digits$} {}", self.unit)
        };
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            self.what.to_owned(),
            show(self.median()),
            or_dash(self.floor.map(show)),
            or_dash(self.floor.map(|f| format!("{:.2} x", self.median() / f))),
            or_dash(self.budget.map(show)),
            or_dash(self.budget.map(|b| if self.median() <= b { "met" } else { "NOT MET" }.to_owned())),
        ]
    }
}

/// All figures of a run, in the order in which they became known.
#[derive(Default)]
pub struct Figures {
    figures: Vec<Figure>,
    /// Phases that did not end in time, in words.
    pub failures: Vec<String>,
}

impl Figures {
    /// Takes a figure and prints it.
    pub fn add(&mut self, figure: Figure) {
        let [what, value, _, ratio, _, met] = figure.row();
        let more =
            [ratio, met].into_iter().filter(|t| t != "-").fold(String::new(), |all, t| all + "  " + &t);
        say(&format!("  {what}: {value}{more}"));
        self.figures.push(figure);
    }

    /// Takes note of a phase that did not end in time; the ones after it go on.
    pub fn failed(&mut self, error: &anyhow::Error) {
        say(&format!("  FAILED: {error:#}"));
        self.failures.push(format!("{error:#}"));
    }

    /// Returns the figures and all their measurements.
    pub fn report(&self, apps: usize, objects: usize) -> Value {
        let mut out = Map::new();
        out.insert("apps".into(), json!(apps));
        out.insert("objects".into(), json!(objects));
        for figure in &self.figures {
            let is_met = figure.budget.map(|b| figure.median() <= b);
            let value = json!({
                "unit": figure.unit,
                "median": figure.median(),
                "all": figure.values,
                "floor": figure.floor,
                "budget": figure.budget,
                "met": is_met,
            });
            out.insert(figure.key.into(), value);
        }
        out.insert("failures".into(), json!(self.failures));
        Value::Object(out)
    }

    /// Returns the table for people.
    pub fn table(&self) -> String {
        let head = ["", "figure", "floor", "ratio", "budget", ""].map(str::to_owned);
        let mut out = String::new();
        for [what, value, floor, ratio, budget, met] in
            std::iter::once(head).chain(self.figures.iter().map(Figure::row))
        {
            out.push_str(
                format!("{what:<46} {value:>10} {floor:>10} {ratio:>9} {budget:>10}  {met}").trim_end(),
            );
            out.push('\n');
        }
        out
    }
}

/// Says how far the run is, beside what it reports at its end.
pub fn say(line: &str) {
    // Nobody listens at times; the figures are what counts.
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_beside_its_floor_and_its_budget() {
        let mut figures = Figures::default();
        figures.add(Figure::new("a", "first", "s", &[9.0, 2.0, 3.0]).floor(Some(1.5)).budget(Some(2.9)));
        figures.add(Figure::new("b", "second", "ms", &[4.0]).budget(Some(5.0)));
        let rows: Vec<String> = figures.table().lines().skip(1).map(str::to_owned).collect();
        let words: Vec<Vec<&str>> = rows.iter().map(|r| r.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["first", "3.00", "s", "1.50", "s", "2.00", "x", "2.90", "s", "NOT", "MET"]);
        assert_eq!(words[1], ["second", "4.0", "ms", "-", "-", "5.0", "ms", "met"]);
    }
}
