//! What evaluating an expression costs at most, counted in the units of cel-go, from the types of its parts and from the sizes that
//! a schema allows what it names.
//!
//! ```text
//! checked tree ─► walk (paths, sizes of lists and texts, loops) ─► most
//!                   └─► calls (what a function costs for its arguments' sizes)
//! ```
//!
//! Source: cel-go 0.26 `checker/cost.go`, `ext`; apiserver 0.36 `pkg/cel/library/cost.go`. Only the dearest case is counted: nothing
//! is refused for what it costs at least.

mod calls;
mod path;
mod size;
mod walk;

pub(super) use calls::costs_one;
pub(super) use size::scaled;
pub(crate) use walk::most;

/// What it costs to say a name or to select a field.
pub(super) const STEP: u64 = 1;

pub(super) const NEW_LIST: u64 = 10;
pub(super) const NEW_MAP: u64 = 30;
const NEW_OBJECT: u64 = 40;

/// What it costs to go through a letter of a text.
pub(super) const LETTER: f64 = 0.1;

/// What it costs to hold one letter of a pattern against a letter of a text.
pub(super) const PATTERN_LETTER: f64 = 0.25;

/// What it costs to call and to make a list.
pub(super) const CALL_AND_LIST: u64 = NEW_LIST + 1;

#[cfg(test)]
mod tests {
    use super::most;
    use crate::expression::{Bounds, Fields, Kind, check, compile};

    /// What an expression over a made-up object costs.
    fn of(text: &str) -> u64 {
        let item = Fields::from([
            ("name".to_owned(), Kind::String),
            ("v".to_owned(), Kind::Int),
            ("tags".to_owned(), Kind::list(Kind::String)),
        ]);
        let fields = Fields::from([
            ("s".to_owned(), Kind::String),
            ("t".to_owned(), Kind::String),
            ("u".to_owned(), Kind::String),
            ("n".to_owned(), Kind::Int),
            ("b".to_owned(), Kind::Bool),
            ("list".to_owned(), Kind::list(Kind::String)),
            ("items".to_owned(), Kind::list(Kind::object("item", item))),
            ("map".to_owned(), Kind::map(Kind::String, Kind::String)),
        ]);
        let sizes = |path: &[String]| {
            Some(match path.join(".").as_str() {
                "" | "n" | "b" | "items.@items.v" | "map.@keys" => 0,
                "s" => 3_145_726,
                "t" => 4000,
                "u" => 256,
                "list" => 50,
                "list.@items" => 400,
                "items" => 100,
                "items.@items.name" => 252,
                "items.@items.tags" => 1_048_575,
                "items.@items.tags.@items" => 40,
                "map" => 20,
                "map.@values" => 120,
                _ => return None,
            })
        };
        let program = compile(text, Bounds { bytes: 1000, nesting: 20 }).unwrap();
        let checked = check(&program, &[("self", Kind::object("selfType", fields))]).unwrap();
        most(program.expression(), &checked, &sizes)
    }

    /// As a real API server counts them: kube-apiserver 1.36.3, from the factor by which a budget is exceeded.
    #[test]
    fn expressions_cost_what_they_cost_on_a_real_server() {
        let table = [
            ("self.n > 1", 3),
            ("has(self.s) && self.n > 1", 4),
            ("dyn(self.n) < 3", 4),
            ("self.t == 'abc'", 3),
            ("self.t.contains('abcdefghijkl')", 802),
            ("self.t.matches('^[a-z]+$')", 804),
            ("self.list.all(x, x.matches('a+'))", 2253),
            ("self.list.map(x, x + 'a').all(y, y.startsWith('b'))", 2964),
            ("self.list.filter(x, x.startsWith('a')).size() > 1", 765),
            ("self.u in ['a', 'b', 'ccc']", 15),
            ("self.t.split(',', 5).all(x, x == 'a')", 823),
            ("self.t.replace('a', 'bb').contains('bbb')", 1602),
            ("(self.b ? self.t : self.u).contains('abcabc')", 404),
            ("self.list.join('-').size() > 3", 2009),
            ("self.list.sort() == self.list", 5270),
            ("sets.contains(self.list, self.list)", 2505),
            ("self.items.sortBy(o, o.v)[0].name == 'x'", 21_439),
            ("self.map.all(k, v, v == k)", 103),
            ("self.map.transformMap(k, v, v + 'x').size() > 1", 375),
            ("self.?s.optMap(x, x.size()).orValue(1) > 1", 21),
            // The size of the inner range is asked for by a path that another one has written over by then.
            ("self.items.all(o, o.tags.all(t, t == o.name))", 252_603),
        ];
        let counted: Vec<(&str, u64)> = table.iter().map(|(text, _)| (*text, of(text))).collect();
        assert_eq!(counted, table);
    }

    #[test]
    fn what_has_no_bound_costs_without_bound() {
        assert_eq!(of("self.items.all(o, string(o.v) + 'a' == string(o.v))"), u64::MAX);
        assert!(of("self.s.split(',').all(x, self.s.split(',').all(y, x == y))") > 1 << 40);
    }
}
