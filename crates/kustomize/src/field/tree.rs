use super::names_an_element;
use crate::scalar::what;
use fairway_value::{Str, Value};

/// Paths with what stands for them, joined where they begin alike: one walk through an object meets all of them.
#[derive(Clone, Debug)]
pub struct PathTree<T> {
    here: Vec<T>,
    /// By name, and whether the path says that it is a list.
    below: Vec<(Str, bool, PathTree<T>)>,
}

impl<T> Default for PathTree<T> {
    fn default() -> Self {
        Self { here: Vec::new(), below: Vec::new() }
    }
}

/// Called with each field that a path leads to.
type Setter<'a, T> = dyn FnMut(&mut Value, &T) -> Result<(), String> + 'a;

impl<T> PathTree<T> {
    /// Adds a path.
    pub fn add(&mut self, path: &[Str], entry: T) {
        let Some((part, rest)) = path.split_first() else {
            self.here.push(entry);
            return;
        };
        let (name, is_list) = match part.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (part.as_str(), false),
        };
        let found = self.below.iter().position(|(n, list, _)| n == name && *list == is_list);
        let at = found.unwrap_or_else(|| {
            self.below.push((name.into(), is_list, Self::default()));
            self.below.len() - 1
        });
        self.below[at].2.add(rest, entry);
    }

    /// Whether an entry is as asked.
    pub fn any(&self, is: &dyn Fn(&T) -> bool) -> bool {
        self.here.iter().any(is) || self.below.iter().any(|(_, _, tree)| tree.any(is))
    }

    fn first(&self, is: &dyn Fn(&T) -> bool) -> Option<&T> {
        self.here.iter().find(|e| is(e)).or_else(|| self.below.iter().find_map(|(_, _, t)| t.first(is)))
    }

    /// Calls `set` on every field that a path leads to, through lists, for the entries that apply. What is not there is
    /// passed over.
    ///
    /// # Errors
    /// The entry and the reason where something that is no map or list is in the way, or `set` fails.
    pub fn visit<'t>(
        &'t self,
        at: &mut Value,
        applies: &dyn Fn(&T) -> bool,
        set: &mut Setter<'_, T>,
    ) -> Result<(), (&'t T, String)> {
        for entry in self.here.iter().filter(|e| applies(e)) {
            set(at, entry).map_err(|e| (entry, e))?;
        }
        if self.below.is_empty() {
            return Ok(());
        }
        match at {
            Value::Null => Ok(()),
            Value::Array(list) => {
                list.make_mut().iter_mut().try_for_each(|item| self.visit_below(item, applies, set))
            }
            Value::Object(_) => self.visit_below(at, applies, set),
            other => self.blocked(other, applies),
        }
    }

    /// Fails in the name of the first path below that applies; does nothing where there is none.
    fn blocked<'t>(&'t self, by: &Value, applies: &dyn Fn(&T) -> bool) -> Result<(), (&'t T, String)> {
        match self.below.iter().find_map(|(_, _, tree)| tree.first(applies)) {
            Some(entry) => Err((entry, format!("expected a list or a map, found {}", what(by)))),
            None => Ok(()),
        }
    }

    /// As [`PathTree::visit`], for what is below alone.
    fn visit_below<'t>(
        &'t self,
        at: &mut Value,
        applies: &dyn Fn(&T) -> bool,
        set: &mut Setter<'_, T>,
    ) -> Result<(), (&'t T, String)> {
        let fails = |tree: &'t Self, why: String| match tree.first(applies) {
            Some(entry) => Err((entry, why)),
            None => Ok(()),
        };
        let map = match at {
            Value::Null => return Ok(()),
            Value::Array(list) => {
                return list.make_mut().iter_mut().try_for_each(|item| self.visit_below(item, applies, set));
            }
            Value::Object(map) => map,
            other => return self.blocked(other, applies),
        };
        for (name, is_list, tree) in &self.below {
            if name.is_empty() {
                fails(tree, "cannot set or create an empty field name".to_owned())?;
            } else if names_an_element(name) {
                fails(tree, format!("`{name}` names an element of a list, but there is a map"))?;
            } else if let Some(field) = map.get_mut(name) {
                if *is_list && field.is_null() {
                    *field = Value::array();
                }
                tree.visit(field, applies, set)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> PathTree<&'static str> {
        let mut tree = PathTree::default();
        for path in ["a/b/c", "a/b/d", "a/b", "x"] {
            tree.add(&path.split('/').map(Str::from).collect::<Vec<_>>(), path);
        }
        tree
    }

    fn visited(json: &str) -> Result<Vec<String>, String> {
        let mut value = fairway_value::from_json(json.as_bytes()).unwrap();
        let mut seen = Vec::new();
        let tree = tree();
        let mut set = |field: &mut Value, path: &&str| {
            seen.push(format!("{path}={field}"));
            Ok(())
        };
        tree.visit(&mut value, &|_| true, &mut set).map_err(|(path, e)| format!("{path}: {e}"))?;
        Ok(seen)
    }

    #[test]
    fn every_path_is_met_through_maps_and_lists() {
        let seen = visited(r#"{"a":[{"b":{"c":1,"d":[2]}},{"b":null}],"x":3}"#).unwrap();
        assert_eq!(seen, [r#"a/b={"c":1,"d":[2]}"#, "a/b/c=1", "a/b/d=[2]", "a/b=null", "x=3"]);
        assert!(visited(r#"{"a":null,"y":1}"#).unwrap().is_empty());
    }

    #[test]
    fn a_scalar_in_the_way_is_an_error_of_a_path_below() {
        assert!(visited(r#"{"a":"s"}"#).unwrap_err().starts_with("a/b: expected"));
        assert!(visited(r#"{"a":{"b":"s"}}"#).unwrap_err().starts_with("a/b/c: expected"));
    }
}
