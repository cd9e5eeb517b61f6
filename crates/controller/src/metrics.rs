//! What is counted, by Argo CD's metric names where one exists.

use fairway_core::{App, AppId, Str};
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counters of the engine.
pub struct Metrics {
    registry: Registry,
    reconcile: HistogramVec,
    sync_total: IntCounterVec,
    failures: IntCounterVec,
    events: IntCounter,
    status_writes: IntCounter,
    orphans: IntGaugeVec,
    /// Under which project an App's orphans are counted.
    orphans_of: Mutex<BTreeMap<AppId, Str>>,
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
        let orphans = IntGaugeVec::new(
            Opts::new("argocd_app_orphaned_resources_count", "Number of orphaned resources per application"),
            &["namespace", "name", "project"],
        )
        .expect(valid);
        let collectors: [Box<dyn prometheus::core::Collector>; 6] = [
            Box::new(orphans.clone()),
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
        let orphans_of = Mutex::default();
        Self { registry, reconcile, sync_total, failures, events, status_writes, orphans, orphans_of }
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

    /// Says how many orphans an App's namespace has, where its project asks.
    pub(crate) fn orphans(&self, app: &App, count: usize) {
        let mut projects = self.orphans_of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = projects.insert(app.id.clone(), app.project.clone())
            && before != app.project
        {
            self.drop_orphans(&app.id, &before);
        }
        let labels = [app.id.namespace.as_str(), &app.id.name, &app.project];
        self.orphans.with_label_values(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Counts an App's orphans no more.
    pub(crate) fn forget_orphans(&self, app: &AppId) {
        let mut projects = self.orphans_of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(project) = projects.remove(app) {
            self.drop_orphans(app, &project);
        }
    }

    fn drop_orphans(&self, app: &AppId, project: &str) {
        // A gauge that is not there is as good as removed.
        let _ = self.orphans.remove_label_values(&[app.namespace.as_str(), &app.name, project]);
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
