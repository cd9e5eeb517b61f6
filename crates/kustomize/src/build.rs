use crate::{BuildOptions, Error};
use fairway_core::{Desired, FileTree};

/// What a build gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Built {
    /// The objects in output order.
    pub objects: Vec<Desired>,
    /// What kustomize would print on its standard error: deprecated fields and the like.
    pub warnings: Vec<String>,
}

impl Built {
    /// Returns the stream that `kustomize build` prints.
    #[must_use]
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        for (n, desired) in self.objects.iter().enumerate() {
            if n > 0 {
                out.push_str("---\n");
            }
            fairway_yaml::write_to(desired.object.value(), fairway_yaml::Style::SIGS, &mut out);
        }
        out
    }
}

/// Builds the kustomization in a directory of a tree (empty for its root), or at a Git address through
/// [`BuildOptions::remote`].
///
/// # Errors
/// What `kustomize build` fails on, and what is unsupported.
pub fn build(tree: &dyn FileTree, path: &str, options: &BuildOptions<'_>) -> Result<Built, Error> {
    let _ = (tree, options);
    Err(Error::Unsupported(format!("building {path}")))
}
