//! Whole charts from loading to the stream: metadata, values, schema, subcharts, templates, manifests.

use super::{folder, limits};
use fairway_helm::{Chart, CompiledChart, Options, Show};
use fairway_template::{FixedClock, Ports, SeededRandom};
use std::sync::Arc;

/// Takes one input.
pub fn chart(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(chart) = Chart::load(&folder(text), "") else { return };
    let options = Options { release_name: "r".to_owned(), limits: limits(), ..Options::default() };
    let random = SeededRandom::new(7);
    let ports = Ports { clock: &FixedClock(0), random: &random };
    if let Ok(release) = CompiledChart::new(Arc::new(chart)).render(&options, ports) {
        let _ = release.stream(&Show { include_crds: true, ..Show::default() });
    }
}
