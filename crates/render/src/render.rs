use crate::{RenderError, RenderInput, Rendered, SourceType, detect, directory, helm, kustomize};
use fairway_core::{DirectoryOptions, HelmOptions, KustomizeOptions, Tool};

/// Renders one source.
///
/// # Errors
/// As [`RenderError`] says; nothing is returned in part.
pub fn render(input: &RenderInput<'_>) -> Result<Rendered, RenderError> {
    let source = input.source;
    let path = fairway_core::normalize_path(&source.path)?;
    if source.chart.is_empty() && !input.tree.is_dir(&path)? {
        return Err(RenderError::PathMissing { path });
    }
    let source_type = if source.chart.is_empty() {
        detect(&source.tool, input.tree, &path, input.disabled_tools)?
    } else {
        SourceType::Helm
    };
    let mut rendered = match source_type {
        SourceType::Directory => {
            let options = match &source.tool {
                Tool::Directory(options) => options.clone(),
                _ => DirectoryOptions::default(),
            };
            Rendered { objects: directory::render(input, &options)?, ..Rendered::default() }
        }
        SourceType::Kustomize => {
            let options = match &source.tool {
                Tool::Kustomize(options) => options.clone(),
                _ => KustomizeOptions::default(),
            };
            kustomize::render(input, &path, &options)?
        }
        SourceType::Helm => {
            let options = match &source.tool {
                Tool::Helm(options) => options.clone(),
                _ => HelmOptions::default(),
            };
            helm::render(input, &path, &options)?
        }
        SourceType::Plugin => {
            return Err(RenderError::Unsupported(
                "config management plugins (spec.source.plugin) are not run".to_owned(),
            ));
        }
    };
    rendered.source_type = Some(source_type);
    Ok(rendered)
}
