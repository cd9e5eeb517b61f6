use crate::RenderError;
use fairway_core::{FileTree, SourceType, Str, Tool};

/// The names a kustomization file may have.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Says how a directory is rendered: as the settings say, else by the files in it.
///
/// As Argo CD 3 `util/app/discovery`: `Chart.yaml`, then a kustomization, else plain manifests. The tools that are `off`
/// (`helm`, `kustomize`) are not looked for; naming one in the source still takes it.
///
/// # Errors
/// The repository could not be read.
pub fn detect(tool: &Tool, tree: &dyn FileTree, path: &str, off: &[Str]) -> Result<SourceType, RenderError> {
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
    let is_on = |tool: &str| !off.iter().any(|o| o == tool);
    if is_on("helm") && has("Chart.yaml")? {
        return Ok(SourceType::Helm);
    }
    for name in KUSTOMIZATIONS {
        if is_on("kustomize") && has(name)? {
            return Ok(SourceType::Kustomize);
        }
    }
    Ok(SourceType::Directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::MemoryTree;

    fn check(files: &[&str], off: &[&str], expect: SourceType) {
        let tree = MemoryTree::new(files.iter().map(|f| (format!("app/{f}"), String::new()))).unwrap();
        let off: Vec<Str> = off.iter().map(|o| Str::from(*o)).collect();
        assert_eq!(detect(&Tool::Auto, &tree, "app", &off).unwrap(), expect, "{files:?} without {off:?}");
    }

    #[test]
    fn a_tool_that_is_off_is_not_looked_for() {
        let both = ["Chart.yaml", "kustomization.yml"];
        check(&both, &[], SourceType::Helm);
        check(&both, &["helm"], SourceType::Kustomize);
        check(&both, &["helm", "kustomize"], SourceType::Directory);
        check(&["a.yaml"], &[], SourceType::Directory);
    }
}
