use crate::helm::Inflator;
use crate::{RenderError, RenderInput, Rendered};
use fairway_core::{KustomizeOptions, Str};
use fairway_kustomize::{BuildOptions, LoadRestrictor, Overrides, Reorder, build};
use std::collections::BTreeMap;

/// Builds a kustomization with an App's changes to it.
pub(crate) fn render(
    input: &RenderInput<'_>,
    path: &str,
    options: &KustomizeOptions,
) -> Result<Rendered, RenderError> {
    let env: BTreeMap<Str, Str> = input.env.iter().map(|(k, v)| (k.into(), v.into())).collect();
    let fail = |e: fairway_kustomize::Error| RenderError::Kustomize(e.to_string());
    let overrides = Overrides::new(options, &env).map_err(fail)?;
    let flags = Flags::parse(input.kustomize_build_options)?;
    let inflator = Inflator { capabilities: input.capabilities, ports: input.ports, remote: input.remote };
    let mut api_versions: Vec<String> = options.api_versions.iter().map(ToString::to_string).collect();
    api_versions.extend(flags.helm_api_versions.iter().cloned());
    let kube_version = [options.kube_version.as_str(), &flags.helm_kube_version];
    let build_options = BuildOptions {
        load_restrictor: flags.load_restrictor,
        reorder: flags.reorder,
        // Charts are inflated in process, so what the flag warns of does not exist here.
        enable_helm: true,
        enable_alpha_plugins: flags.enable_alpha_plugins,
        managed_by_label: flags.managed_by_label,
        helm_kube_version: kube_version.into_iter().find(|v| !v.is_empty()).unwrap_or_default(),
        helm_api_versions: &api_versions,
        overrides: (!overrides.is_empty()).then_some(&overrides),
        remote: input.remote,
        charts: Some(&inflator),
    };
    let built = build(input.tree, path, &build_options).map_err(fail)?;
    let mut objects = built.objects;
    for desired in &mut objects {
        desired.origin.source = input.source_index;
        if desired.origin.file.is_empty() {
            desired.origin.file = path.into();
        }
    }
    let mut warnings = built.warnings;
    warnings.extend(other_version(&options.version));
    Ok(Rendered { objects, warnings, ..Rendered::default() })
}

/// The major version of kustomize whose behaviour is built in.
const MAJOR: &str = "5";

/// Says that a version that a source names is not the one that is built in. Argo CD runs the program that its settings
/// register for the version; most kustomizations build to the same.
fn other_version(version: &str) -> Option<String> {
    let number = version.strip_prefix('v').unwrap_or(version);
    let major = number.split('.').next().unwrap_or_default();
    (!version.is_empty() && major != MAJOR).then(|| {
        format!("kustomize {version} (spec.source.kustomize.version) is not run: kustomize v{MAJOR} is built in and was used")
    })
}

/// Flags whose value may be the next word.
const TAKES_A_VALUE: [&str; 9] = [
    "--load-restrictor",
    "--reorder",
    "--helm-kube-version",
    "--helm-api-versions",
    "--helm-command",
    "--network-name",
    "--mount",
    "--env",
    "-e",
];

/// Flags for helm programs and for exec and container functions, of which none are run.
const WITHOUT_EFFECT: [&str; 9] = [
    "--helm-command",
    "--helm-debug",
    "--network",
    "--network-name",
    "--mount",
    "--env",
    "-e",
    "--as-current-user",
    "--enable-exec",
];

/// `kustomize.buildOptions`.
#[derive(Default)]
struct Flags {
    load_restrictor: LoadRestrictor,
    reorder: Reorder,
    enable_alpha_plugins: bool,
    managed_by_label: bool,
    helm_kube_version: String,
    helm_api_versions: Vec<String>,
}

impl Flags {
    fn parse(text: &str) -> Result<Self, RenderError> {
        let mut flags = Self::default();
        let mut words = text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let (name, mut value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            if value.is_none() && TAKES_A_VALUE.contains(&name) {
                value = words.next();
            }
            match (name, value) {
                ("--load-restrictor", Some("LoadRestrictionsNone")) => {
                    flags.load_restrictor = LoadRestrictor::None
                }
                ("--load-restrictor", Some("LoadRestrictionsRootOnly")) | ("--enable-helm", _) => {}
                ("--reorder", Some("none")) => flags.reorder = Reorder::None,
                ("--reorder", Some("legacy")) => flags.reorder = Reorder::Legacy,
                ("--enable-managedby-label", value) => flags.managed_by_label = value != Some("false"),
                ("--helm-kube-version", Some(version)) => version.clone_into(&mut flags.helm_kube_version),
                ("--helm-api-versions", Some(version)) => flags.helm_api_versions.push(version.to_owned()),
                // No helm program and no function is run, so these change nothing.
                (name, _) if WITHOUT_EFFECT.contains(&name) => {}
                ("--enable-alpha-plugins", value) => flags.enable_alpha_plugins = value != Some("false"),
                _ => {
                    return Err(RenderError::Unsupported(format!("kustomize.buildOptions flag {word}")));
                }
            }
        }
        Ok(flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_other_than_the_one_built_in_are_told() {
        for version in ["", "v5.8.0", "5.4.2", "v5"] {
            assert_eq!(other_version(version), None, "{version}");
        }
        assert!(other_version("v4.5.7").is_some_and(|w| w.contains("v4.5.7")));
    }
}
