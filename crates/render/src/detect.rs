use crate::RenderError;
use fairway_core::{FileTree, Tool};

/// What kind of source a directory is. The words are Argo CD's `ApplicationSourceType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceType {
    /// A Helm chart.
    Helm,
    /// A kustomization.
    Kustomize,
    /// Plain manifests.
    Directory,
    /// A config management plugin.
    Plugin,
}

impl SourceType {
    /// Returns the word in `status.sourceType`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Helm => "Helm",
            Self::Kustomize => "Kustomize",
            Self::Directory => "Directory",
            Self::Plugin => "Plugin",
        }
    }
}

/// The names a kustomization file may have.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Says how a directory is rendered: as the settings say, else by the files in it.
///
/// As Argo CD 3 `util/app/discovery`: `Chart.yaml`, then a kustomization, else plain manifests.
///
/// # Errors
/// The repository could not be read.
pub fn detect(tool: &Tool, tree: &dyn FileTree, path: &str) -> Result<SourceType, RenderError> {
    match tool {
        Tool::Helm(_) => return Ok(SourceType::Helm),
        Tool::Kustomize(_) => return Ok(SourceType::Kustomize),
        Tool::Directory(_) => return Ok(SourceType::Directory),
        Tool::Plugin(_) => return Ok(SourceType::Plugin),
        Tool::Auto => {}
    }
    let has = |name: &str| -> Result<bool, RenderError> {
        let file = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        Ok(tree.read(&file)?.is_some())
    };
    if has("Chart.yaml")? {
        return Ok(SourceType::Helm);
    }
    for name in KUSTOMIZATIONS {
        if has(name)? {
            return Ok(SourceType::Kustomize);
        }
    }
    Ok(SourceType::Directory)
}
