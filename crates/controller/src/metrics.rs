//! What is counted, by Argo CD's metric names where one exists.

use fairway_core::App;
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// Counters of the engine.
pub struct Metrics {
    registry: Registry,
    reconcile: HistogramVec,
    sync_total: IntCounterVec,
    failures: IntCounterVec,
    events: IntCounter,
    status_writes: IntCounter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Builds counters at zero.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let valid = "because names and labels are literals that Prometheus takes";
        let reconcile = HistogramVec::new(
            HistogramOpts::new("argocd_app_reconcile", "Application reconciliation performance in seconds.")
                .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0]),
            &["namespace", "dest_server"],
        )
        .expect(valid);
        let sync_total = IntCounterVec::new(
            Opts::new("argocd_app_sync_total", "Number of application syncs."),
            &["namespace", "name", "project", "dest_server", "phase", "dry_run"],
        )
        .expect(valid);
        let failures = IntCounterVec::new(
            Opts::new("fairway_app_failures_total", "Passes that ended early, by category."),
            &["category"],
        )
        .expect(valid);
        let events =
            IntCounter::new("argocd_cluster_events_total", "Number of processed k8s resource events.")
                .expect(valid);
        let status_writes =
            IntCounter::new("fairway_status_writes_total", "Status patches sent to the API server.")
                .expect(valid);
        let collectors: [Box<dyn prometheus::core::Collector>; 5] = [
            Box::new(reconcile.clone()),
            Box::new(sync_total.clone()),
            Box::new(failures.clone()),
            Box::new(events.clone()),
            Box::new(status_writes.clone()),
        ];
        for collector in collectors {
            registry.register(collector).expect("because each name is registered once");
        }
        #[cfg(target_os = "linux")]
        registry
            .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
            .expect("because the process collector is registered once");
        Self { registry, reconcile, sync_total, failures, events, status_writes }
    }

    pub(crate) fn reconciled(&self, app: &App, took: Duration) {
        self.reconcile
            .with_label_values(&[&app.id.namespace, &app.destination.server])
            .observe(took.as_secs_f64());
    }

    pub(crate) fn synced(&self, app: &App, server: &str, phase: &str, dry_run: bool) {
        let dry_run = if dry_run { "true" } else { "false" };
        self.sync_total
            .with_label_values(&[
                app.id.namespace.as_str(),
                &app.id.name,
                &app.project,
                server,
                phase,
                dry_run,
            ])
            .inc();
    }

    pub(crate) fn failed(&self, category: &str) {
        self.failures.with_label_values(&[category]).inc();
    }

    pub(crate) fn cluster_event(&self) {
        self.events.inc();
    }

    pub(crate) fn status_written(&self) {
        self.status_writes.inc();
    }

    /// Writes everything in Prometheus' text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        // Writing to memory cannot fail; a family that cannot be encoded is left out.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}
