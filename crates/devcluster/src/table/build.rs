use super::text::{Cells, Row};
use super::{cluster, core, custom, network, pod, rest, workload};
use crate::api::{Resource, partial_metadata};
use fairway_value::{Value, from_json};
use std::sync::LazyLock;

/// The column definitions of the built-in resources, by `group/version/resource`.
static COLUMNS: LazyLock<Value> = LazyLock::new(|| {
    from_json(include_bytes!("../../data/tables.json"))
        .expect("because the committed column definitions are valid JSON")
});

/// Builds the tables of one resource.
pub(crate) struct Tables<'r> {
    resource: &'r Resource,
    now_micros: i64,
    include: &'r str,
}

impl<'r> Tables<'r> {
    /// `now_micros` is what ages are counted from, `include` the `includeObject` parameter.
    pub(crate) fn new(resource: &'r Resource, now_micros: i64, include: &'r str) -> Self {
        Self { resource, now_micros, include }
    }

    /// Builds a table over objects, with the column definitions if `head` says so.
    pub(crate) fn table<'v>(
        &self,
        api_version: &str,
        metadata: &Value,
        objects: impl Iterator<Item = &'v Value>,
        head: bool,
    ) -> Value {
        let mut table = Value::object();
        table.set_path(&["kind"], "Table");
        table.set_path(&["apiVersion"], api_version);
        table.set_path(&["metadata"], metadata.clone());
        let columns = if head { self.columns() } else { Value::Null };
        table.set_path(&["columnDefinitions"], columns);
        let rows: Vec<Value> = objects.map(|o| self.row(o, api_version)).collect();
        table.set_path(&["rows"], rows);
        table
    }

    fn columns(&self) -> Value {
        if let Some(definition) = &self.resource.custom {
            return custom::columns(&definition.columns);
        }
        let gvr = format!("{}/{}", self.resource.api_version(), self.resource.plural);
        COLUMNS
            .get(&gvr)
            .or_else(|| COLUMNS.get("rbac.authorization.k8s.io/v1/roles"))
            .cloned()
            .unwrap_or_default()
    }

    fn row(&self, object: &Value, api_version: &str) -> Value {
        let mut row = Value::object();
        row.set_path(&["cells"], self.cells(object));
        if self.resource.table == "pods"
            && let Some(conditions) = pod::conditions(object)
        {
            row.set_path(&["conditions"], conditions);
        }
        match self.include {
            "None" => {
                row.set_path(&["object"], Value::Null);
            }
            "Object" => {
                row.set_path(&["object"], object.clone());
            }
            _ => {
                row.set_path(&["object"], partial_metadata(object, api_version));
            }
        }
        row
    }

    fn cells(&self, object: &Value) -> Value {
        // A bookmark has no name: its row is nothing but its version.
        let row = Row { object, now_secs: self.now_micros.div_euclid(1_000_000) };
        if let Some(definition) = &self.resource.custom {
            return custom::cells(row, &definition.columns).into();
        }
        let cells: Option<Cells> = core::cells(&self.resource.table, row)
            .or_else(|| workload::cells(&self.resource.table, row))
            .or_else(|| network::cells(&self.resource.table, row))
            .or_else(|| cluster::cells(&self.resource.table, row))
            .or_else(|| rest::cells(&self.resource.table, row));
        cells.unwrap_or_else(|| vec![row.name(), row.created()]).into()
    }
}
