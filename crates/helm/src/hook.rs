use crate::manifest::Manifest;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookEvent {
    /// `pre-install`.
    PreInstall,
    /// `post-install`.
    PostInstall,
    /// `pre-delete`.
    PreDelete,
    /// `post-delete`.
    PostDelete,
    /// `pre-upgrade`.
    PreUpgrade,
    /// `post-upgrade`.
    PostUpgrade,
    /// `pre-rollback`.
    PreRollback,
    /// `post-rollback`.
    PostRollback,
    /// `test`, and Helm 2's `test-success`.
    Test,
}

impl HookEvent {
    /// Reads the list of an annotation; nothing where one of them is unknown.
    pub(crate) fn parse_list(text: &str) -> Option<Vec<Self>> {
        text.split(',').map(|event| Self::parse(&event.trim().to_lowercase())).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "pre-install" => Self::PreInstall,
            "post-install" => Self::PostInstall,
            "pre-delete" => Self::PreDelete,
            "post-delete" => Self::PostDelete,
            "pre-upgrade" => Self::PreUpgrade,
            "post-upgrade" => Self::PostUpgrade,
            "pre-rollback" => Self::PreRollback,
            "post-rollback" => Self::PostRollback,
            "test" | "test-success" => Self::Test,
            _ => return None,
        })
    }
}

/// A manifest that runs at certain moments. Its annotations stay in the manifest.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    /// The manifest.
    pub manifest: Manifest,
    /// When it runs.
    pub events: Vec<HookEvent>,
    /// Its place among the hooks of one moment, lowest first.
    pub weight: i64,
    /// `before-hook-creation`, `hook-succeeded`, `hook-failed`, in the words of the annotation.
    pub delete_policies: Vec<String>,
    /// When its logs are printed, in the words of the annotation.
    pub output_log_policies: Vec<String>,
}

impl Hook {
    pub(crate) fn new(
        events: Vec<HookEvent>,
        annotations: Vec<(String, String)>,
        manifest: Manifest,
    ) -> Self {
        let find = |key: &str| annotations.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        let words = |key: &str| {
            find(key).map_or_else(Vec::new, |v| v.split(',').map(|p| p.trim().to_lowercase()).collect())
        };
        Self {
            weight: find("helm.sh/hook-weight").and_then(|w| w.parse().ok()).unwrap_or(0),
            delete_policies: words("helm.sh/hook-delete-policy"),
            output_log_policies: words("helm.sh/hook-output-log-policy"),
            manifest,
            events,
        }
    }

    /// Whether this is a test.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.events.contains(&HookEvent::Test)
    }
}
