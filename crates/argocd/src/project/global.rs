use crate::appset::selects;
use crate::project::Project;
use fairway_core::{Map, Str, Value};
use std::collections::BTreeMap;

/// One entry of `globalProjects` in `argocd-cm`: projects whose labels match have what the named one has, too.
#[derive(Clone, Debug, PartialEq)]
pub struct GlobalProject {
    /// The project that gives.
    pub project: Str,
    /// Which projects it gives to; nothing demanded means all.
    pub selector: Value,
}

/// The lists that a global project adds to, as Argo CD 3 `util/argo/argo.go` `mergeVirtualProject`.
const LISTS: [&str; 7] = [
    "clusterResourceWhitelist",
    "clusterResourceBlacklist",
    "namespaceResourceWhitelist",
    "namespaceResourceBlacklist",
    "syncWindows",
    "sourceRepos",
    "destinations",
];

impl GlobalProject {
    /// Reads the setting.
    ///
    /// # Errors
    /// It is no YAML list of entries.
    pub fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let value = fairway_yaml::parse(text).map_err(|e| e.to_string())?;
        let entries = value.as_array().ok_or("a list of projectName and labelSelector is needed")?;
        let read = |entry: &Value| Self {
            project: entry.get("projectName").and_then(Value::as_str).unwrap_or_default().into(),
            selector: entry.get("labelSelector").cloned().unwrap_or_else(Value::object),
        };
        Ok(entries.iter().map(read).collect())
    }
}

/// Returns the projects with what global projects add to them. An entry that cannot be followed ends the list, as upstream.
#[must_use]
pub fn with_global_projects(
    projects: &BTreeMap<Str, Project>,
    globals: &[GlobalProject],
) -> BTreeMap<Str, Project> {
    if globals.is_empty() {
        return projects.clone();
    }
    projects.iter().map(|(name, project)| (name.clone(), merged(project, projects, globals))).collect()
}

fn merged(project: &Project, all: &BTreeMap<Str, Project>, globals: &[GlobalProject]) -> Project {
    let no_labels = Map::new();
    let labels = project.object().labels().unwrap_or(&no_labels);
    let mut object = project.object().clone();
    for global in globals.iter().filter(|g| g.project != project.name()) {
        match selects(&global.selector, labels) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => break,
        }
        let Some(giver) = all.get(&global.project) else { break };
        for list in LISTS {
            let Some(given) = giver.list(list) else { continue };
            let own = object.value().get_path(&["spec", list]).and_then(Value::as_array).unwrap_or_default();
            let both: Value = own.iter().chain(given).cloned().collect();
            object.value_mut().set_path(&["spec", list], both);
        }
    }
    Project::new(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_core::Object;

    fn project(name: &str, labels: &str, spec: &str) -> (Str, Project) {
        let text = format!("metadata: {{name: {name}, labels: {labels}}}\nspec: {spec}\n");
        (name.into(), Project::new(Object::new(fairway_yaml::parse(&text).unwrap())))
    }

    #[test]
    fn projects_with_the_labels_have_what_the_global_one_has() {
        let projects = BTreeMap::from([
            project(
                "all",
                "{}",
                "{sourceRepos: ['https://all/*'], namespaceResourceBlacklist: [{kind: Secret}]}",
            ),
            project("web", "{team: web}", "{sourceRepos: ['https://web/*']}"),
            project("ops", "{team: ops}", "{}"),
        ]);
        let text = "- labelSelector: {matchExpressions: [{key: team, operator: In, values: [web]}]}\n  projectName: all\n";
        let globals = GlobalProject::read_all(text).unwrap();
        let merged = with_global_projects(&projects, &globals);
        assert!(
            merged["web"].permits_source("https://all/x") && merged["web"].permits_source("https://web/x")
        );
        assert_eq!(merged["web"].list("namespaceResourceBlacklist").map(<[_]>::len), Some(1));
        assert!(!merged["ops"].permits_source("https://all/x"));
        assert_eq!(merged["all"], projects["all"]);
    }

    #[test]
    fn an_entry_without_its_project_ends_the_list() {
        let projects =
            BTreeMap::from([project("all", "{}", "{sourceRepos: ['*']}"), project("web", "{}", "{}")]);
        let globals = GlobalProject::read_all("- projectName: gone\n- projectName: all\n").unwrap();
        assert!(!with_global_projects(&projects, &globals)["web"].permits_source("https://x/y"));
        assert!(GlobalProject::read_all("a: b").is_err());
    }
}
