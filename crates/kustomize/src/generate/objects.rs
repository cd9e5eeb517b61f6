use super::key_values::entries;
use crate::decode::Fields;
use crate::kustomization::{GeneratorArgs, GeneratorOptions};
use crate::loader::Loader;
use crate::raw::is_block;
use crate::resource::{Behavior, Resource};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fairway_value::{Map, Str, Value};

/// Length of a line of encoded bytes.
const LINE: usize = 70;

/// Encodes bytes in lines, as kyaml does: a text that fits one line has no line break.
pub fn encode(bytes: &[u8]) -> String {
    let whole = STANDARD.encode(bytes);
    if whole.len() < LINE {
        return whole;
    }
    let mut out = String::with_capacity(whole.len() + whole.len() / LINE + 1);
    for line in whole.as_bytes().chunks(LINE) {
        // Base64 is ASCII.
        out.extend(line.iter().map(|b| char::from(*b)));
        out.push('\n');
    }
    out
}

fn base(kind: &str, args: &GeneratorArgs) -> Result<Resource, String> {
    if args.name.is_empty() {
        return Err(format!("a {} must have a name", kind.to_lowercase()));
    }
    let mut object = Value::object();
    object.set_path(&["apiVersion"], "v1");
    object.set_path(&["kind"], kind);
    object.set_path(&["metadata", "name"], args.name.clone());
    if !args.namespace.is_empty() {
        object.set_path(&["metadata", "namespace"], args.namespace.clone());
    }
    Ok(Resource::new(object))
}

fn finish(resource: &mut Resource, args: &GeneratorArgs) {
    let GeneratorOptions { labels, annotations, disable_name_suffix_hash, immutable } = &args.options;
    resource.note_odd_keys(labels.keys().chain(annotations.keys()));
    let data = ["data", "binaryData"]
        .into_iter()
        .filter_map(|field| resource.value.get(field)?.as_object().cloned());
    for map in data.collect::<Vec<Map>>() {
        resource.note_odd_keys(map.keys());
    }
    for (field, entries) in [("labels", labels), ("annotations", annotations)] {
        for (key, value) in entries {
            resource.value.set_path(&["metadata", field, key], value.clone());
        }
    }
    if *immutable {
        resource.value.set_path(&["immutable"], true);
    }
    resource.state.needs_hash = !disable_name_suffix_hash;
    resource.state.behavior = Some(Behavior::parse(&args.behavior));
}

/// Makes a ConfigMap.
///
/// # Errors
/// No name, or entries that cannot be read.
pub fn config_map(args: &GeneratorArgs, loader: &Loader<'_>) -> Result<Resource, String> {
    let mut resource = base("ConfigMap", args)?;
    for (key, bytes) in entries(args, loader).map_err(|e| format!("configMapGenerator {}: {e}", args.name))? {
        match String::from_utf8(bytes) {
            Ok(text) if text.starts_with('\t') && text.contains('\n') && is_block(&text) => {
                return Err(format!(
                    "configMapGenerator {}: `{key}` has several lines and begins with a tab, which kustomize cannot write as YAML; begin it with another character",
                    args.name
                ));
            }
            Ok(text) => resource.value.set_path(&["data", &key], text),
            Err(e) => resource.value.set_path(&["binaryData", &key], encode(e.as_bytes())),
        };
    }
    finish(&mut resource, args);
    Ok(resource)
}

/// Makes a Secret.
///
/// # Errors
/// No name, or entries that cannot be read.
pub fn secret(args: &GeneratorArgs, loader: &Loader<'_>) -> Result<Resource, String> {
    let mut resource = base("Secret", args)?;
    let kind = if args.secret_type.is_empty() { Str::from("Opaque") } else { args.secret_type.clone() };
    resource.value.set_path(&["type"], kind);
    let all = entries(args, loader).map_err(|e| format!("secretGenerator {}: {e}", args.name))?;
    let data: Map = all.into_iter().map(|(k, v)| (Str::from(k), Value::from(encode(&v)))).collect();
    resource.value.set_path(&["data"], data);
    finish(&mut resource, args);
    Ok(resource)
}

/// Makes the ServiceAccount of a GKE workload identity.
///
/// # Errors
/// Another cloud.
pub fn iam_policy(config: &Value) -> Result<Resource, String> {
    let known = ["cloud", "kubernetesService", "serviceAccount"];
    let fields = Fields::new(config, "", &known, false)?;
    let cloud = fields.string("cloud")?;
    if cloud != "gke" {
        return Err(format!("cloud provider {cloud} not supported yet"));
    }
    let nothing = Value::Null;
    let service = Fields::new(
        fields.get("kubernetesService").unwrap_or(&nothing),
        "kubernetesService",
        &["name", "namespace"],
        false,
    )?;
    let account = Fields::new(
        fields.get("serviceAccount").unwrap_or(&nothing),
        "serviceAccount",
        &["name", "projectId"],
        false,
    )?;
    let mut object = Value::object();
    object.set_path(&["apiVersion"], "v1");
    object.set_path(&["kind"], "ServiceAccount");
    object.set_path(
        &["metadata", "annotations", "iam.gke.io/gcp-service-account"],
        format!("{}@{}.iam.gserviceaccount.com", account.string("name")?, account.string("projectId")?),
    );
    object.set_path(&["metadata", "name"], service.string("name")?);
    let namespace = service.string("namespace")?;
    if !namespace.is_empty() {
        object.set_path(&["metadata", "namespace"], namespace);
    }
    Ok(Resource::new(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_secrets_are_broken_into_lines_and_short_ones_are_not() {
        assert_eq!(encode(b"abc"), "YWJj");
        let long = encode(&[b'x'; 60]);
        assert_eq!(long.lines().map(str::len).collect::<Vec<_>>(), [70, 10]);
        assert!(long.ends_with('\n'));
    }
}
