use super::change::Edit;
use super::lines::{Lines, Span, indent_of};
use crate::Error;
use fairway_value::{Map, Str, Value};
use fairway_yaml::{Limits, Options, Step, Style, parse_with, to_string_with, visit_scalars};

/// Makes changes in the text of a kustomization. What they do not touch stays as it is, byte for byte: comments, order,
/// indentation, quotes, anchors. Where a change does not fit into what stands there, that field alone is written anew.
///
/// # Errors
/// The text is no kustomization, the change cannot be read, or it would have to be made behind an alias.
pub fn edit(text: &str, changes: &[Edit]) -> Result<String, Error> {
    let mut text = text.to_owned();
    for change in changes {
        let before = parse(&text)?;
        let after = change.apply(&before)?;
        let empty = Map::default();
        let old = before.as_object().unwrap_or(&empty);
        let new = after.as_object().unwrap_or(&empty);
        let mut now = before.clone();
        let keys: Vec<&Str> = old.keys().chain(new.keys().filter(|k| !old.contains_key(k))).collect();
        for key in keys.into_iter().filter(|k| old.get(k) != new.get(k)) {
            text = rewrite(&text, key, old.get(key), new.get(key), &now)?;
            if let Some(map) = now.as_object_mut() {
                match new.get(key) {
                    Some(value) => drop(map.insert(key.clone(), value.clone())),
                    None => drop(map.remove(key)),
                }
            }
        }
        let written = parse(&text)?;
        // A kustomization without fields may be written as nothing.
        let is_same = written == after || (written.is_null() && new.is_empty());
        if !is_same {
            return Err(Error::Invalid(
                "the change does not fit into how the kustomization is written; write the field in block style, without aliases"
                    .to_owned(),
            ));
        }
    }
    Ok(text)
}

fn parse(text: &str) -> Result<Value, Error> {
    parse_with(text, &Options::v3()).map_err(|e| Error::Invalid(e.to_string()))
}

/// Writes one top field as it is now.
fn rewrite(
    text: &str,
    key: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    whole: &Value,
) -> Result<String, Error> {
    let Some(new) = new else {
        let lines = Lines::new(text);
        let span = lines.field(key).ok_or_else(|| not_found(key))?;
        return Ok(replaced(&lines, span, ""));
    };
    let Some(old) = old else { return Ok(with_field(text, key, new)) };
    let mut wanted = whole.clone();
    if let Some(map) = wanted.as_object_mut() {
        map.insert(key, new.clone());
    }
    let fits = |candidate: &String| parse_with(candidate, &Options::v3()).is_ok_and(|v| v == wanted);
    if let Some(done) = in_place(text, key, old, new).filter(fits) {
        return Ok(done);
    }
    let lines = Lines::new(text);
    let span = lines.field(key).ok_or_else(|| not_found(key))?;
    Ok(replaced(&lines, span, &field_text(&lines, span, key, new)))
}

fn not_found(key: &str) -> Error {
    Error::Invalid(format!(
        "`{key}` does not stand on a line of its own; write the kustomization in block style"
    ))
}

fn replaced(lines: &Lines<'_>, span: Span, with: &str) -> String {
    let mut out = lines.all[..span.start].concat();
    out.push_str(with);
    out.push_str(&lines.all[span.end..].concat());
    out
}

fn inserted(lines: &Lines<'_>, at: usize, with: &str) -> String {
    let mut out = lines.all[..at].concat();
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(with);
    out.push_str(&lines.all[at..].concat());
    out
}

/// Adds a field at the end of the document.
fn with_field(text: &str, key: &str, value: &Value) -> String {
    let body = if parse_with(text, &Options::v3()).is_ok_and(|v| v.as_object().is_some_and(Map::is_empty)) {
        text.replace("{}", "")
    } else {
        text.to_owned()
    };
    let lines = Lines::new(&body);
    let is_mark = |l: &&str| l.starts_with("---") || l.trim_end() == "...";
    let start = lines
        .all
        .iter()
        .take_while(|l| l.trim().is_empty() || l.starts_with(['#', '%']) || is_mark(l))
        .count();
    let end = lines.all[start..].iter().position(is_mark).map_or(lines.all.len(), |n| start + n);
    let style = Style { indent_sequences: indents_lists(&lines), ..Style::KYAML };
    inserted(&lines, end, &to_string_with(&one(key, value), style))
}

/// Whether the lists of the file are indented below their fields.
fn indents_lists(lines: &Lines<'_>) -> bool {
    lines.all.iter().find(|l| l.trim_start().starts_with("- ")).is_some_and(|l| l.starts_with(' '))
}

fn one(key: &str, value: &Value) -> Value {
    [(Str::from(key), value.clone())].into_iter().collect()
}

/// Writes a field anew, in flow style where it stood in flow style on one line.
fn field_text(lines: &Lines<'_>, span: Span, key: &str, value: &Value) -> String {
    let line = lines.all[span.start];
    let (name, old) = line.split_once(':').unwrap_or((line, ""));
    let old = old.trim();
    let is_empty = old.starts_with("[]") || old.starts_with("{}");
    if span.end == span.start + 1 && old.starts_with(['[', '{']) && !is_empty {
        let comment = old.rfind(" #").map_or("", |at| &old[at..]);
        let end = if line.ends_with('\n') { "\n" } else { "" };
        return format!("{name}: {}{comment}{end}", flow(value));
    }
    let style = Style { indent_sequences: indents_lists(lines), ..Style::KYAML };
    to_string_with(&one(key, value), style)
}

fn flow(value: &Value) -> String {
    match value {
        Value::Array(list) => {
            format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entries =
                map.iter().map(|(k, v)| format!("{}: {}", scalar(&Value::String(k.clone())), flow(v)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => {
            let text = scalar(other);
            let is_plain = !text.starts_with(['"', '\'']);
            if is_plain && text.contains([',', '[', ']', '{', '}']) { format!("\"{text}\"") } else { text }
        }
    }
}

fn scalar(value: &Value) -> String {
    to_string_with(value, Style::KYAML).trim_end().to_owned()
}

/// Makes the change where it belongs: scalars over the old ones, entries and items in new lines. Nothing where it needs more.
fn in_place(text: &str, key: &str, old: &Value, new: &Value) -> Option<String> {
    let path = [Step::Key(key.into())];
    match (old, new) {
        (Value::Object(o), Value::Object(n)) => change_map(text, &path, o, n, &|l: &Lines<'_>| {
            let field = l.field(key)?;
            Some(Span { start: field.start + 1, end: field.end })
        }),
        (Value::Array(o), Value::Array(n)) => change_list(text, &path, o, n, &|l: &Lines<'_>| l.field(key)),
        _ => change_scalar(text, &path, new),
    }
}

/// Where a field stands.
type Place<'a> = dyn Fn(&Lines<'_>) -> Option<Span> + 'a;

fn change_list(text: &str, path: &[Step], old: &[Value], new: &[Value], place: &Place<'_>) -> Option<String> {
    if new.len() < old.len() {
        return without_items(text, old, new, place);
    }
    let mut text = text.to_owned();
    for (at, (o, n)) in old.iter().zip(new).enumerate().filter(|(_, (o, n))| o != n) {
        let path: Vec<Step> = path.iter().cloned().chain([Step::Item(at)]).collect();
        text = match (o, n) {
            (Value::Object(o), Value::Object(n)) => change_map(&text, &path, o, n, &|l: &Lines<'_>| {
                let (_, items) = l.items(place(l)?)?;
                items.get(at).copied()
            })?,
            _ => change_scalar(&text, &path, n)?,
        };
    }
    for item in new.get(old.len()..).unwrap_or_default() {
        text = with_item(&text, item, place)?;
    }
    Some(text)
}

/// Takes items out of a list, where nothing else changes.
fn without_items(text: &str, old: &[Value], new: &[Value], place: &Place<'_>) -> Option<String> {
    let mut kept = new.iter().peekable();
    let gone: Vec<usize> =
        old.iter().enumerate().filter(|(_, o)| kept.next_if_eq(o).is_none()).map(|(n, _)| n).collect();
    if kept.peek().is_some() || gone.len() == old.len() {
        return None;
    }
    let mut text = text.to_owned();
    for at in gone.into_iter().rev() {
        let lines = Lines::new(&text);
        let (_, items) = lines.items(place(&lines)?)?;
        let without = replaced(&lines, *items.get(at)?, "");
        text = without;
    }
    Some(text)
}

fn change_map(text: &str, path: &[Step], old: &Map, new: &Map, place: &Place<'_>) -> Option<String> {
    let mut text = text.to_owned();
    for (key, value) in new.iter().filter(|(k, v)| old.get(k) != Some(v)) {
        if let Some(old) = old.get(key) {
            let path: Vec<Step> = path.iter().cloned().chain([Step::Key(key.clone())]).collect();
            text = match (old, value) {
                (Value::Array(o), Value::Array(n)) => {
                    change_list(&text, &path, o, n, &|l: &Lines<'_>| l.nested(place(l)?, key))?
                }
                _ => change_scalar(&text, &path, value)?,
            };
            continue;
        }
        let lines = Lines::new(&text);
        let span = place(&lines).filter(|s| s.end > s.start)?;
        let column = lines.key_column(span)?;
        let written = to_string_with(&one(key, value), Style::KYAML);
        let indent = " ".repeat(column);
        let entry: String = written.split_inclusive('\n').map(|l| format!("{indent}{l}")).collect();
        let added = inserted(&lines, span.end, &entry);
        text = added;
    }
    for key in old.keys().filter(|k| !new.contains_key(k)) {
        let lines = Lines::new(&text);
        let span = place(&lines)?;
        let at = lines.key_line(span, lines.key_column(span)?, key)?;
        let removed = without_key(&lines, span, at)?;
        text = removed;
    }
    Some(text)
}

/// Takes a key's line out of a map; where the dash of an item is on it, the dash moves to the next key.
fn without_key(lines: &Lines<'_>, span: Span, at: usize) -> Option<String> {
    let line = lines.all[at];
    let keys = indent_of(line);
    if !line[keys..].starts_with('-') {
        return Some(replaced(lines, Span { start: at, end: at + 1 }, ""));
    }
    let column = lines.key_column(span)?;
    let next = (at + 1..span.end).find(|n| !lines.all[*n].trim_start().starts_with('#'))?;
    let key = lines.all[next].get(column..).filter(|_| indent_of(lines.all[next]) == column)?;
    let between = lines.all[at + 1..next].concat();
    Some(replaced(lines, Span { start: at, end: next + 1 }, &format!("{between}{}{key}", &line[..column])))
}

fn with_item(text: &str, item: &Value, place: &Place<'_>) -> Option<String> {
    let lines = Lines::new(text);
    let (column, items) = lines.items(place(&lines)?)?;
    let last = items.last()?;
    let written = to_string_with(&Value::Array([item.clone()].into_iter().collect()), Style::KYAML);
    let indent = " ".repeat(column);
    let written: String = written.split_inclusive('\n').map(|l| format!("{indent}{l}")).collect();
    Some(inserted(&lines, last.end, &written))
}

/// Writes a scalar over the old one, in the quotes that it had.
fn change_scalar(text: &str, path: &[Step], new: &Value) -> Option<String> {
    if matches!(new, Value::Array(_) | Value::Object(_)) {
        return None;
    }
    let mut place = None;
    visit_scalars(text, &Limits::default(), |s| {
        if s.document == 0 && s.path == path {
            place = Some((s.line, s.column, s.text.to_owned(), s.plain));
        }
    })
    .ok()?;
    let (line, column, content, plain) = place?;
    let before: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let start = before + text[before..].char_indices().nth(column.checked_sub(1)?)?.0;
    let rest = &text[start..];
    let quote = rest.chars().next().filter(|c| !plain && matches!(c, '"' | '\''));
    let end = match quote {
        None => rest.starts_with(&content).then_some(content.len())?,
        Some(quote) => {
            let end = 1 + content.len();
            (rest.get(1..end)? == content && rest[end..].starts_with(quote)).then_some(end + 1)?
        }
    };
    if content.is_empty() && quote.is_none() {
        return None;
    }
    let plain_text = crate::scalar::text(new)?;
    let written = match quote {
        Some(q) if !plain_text.contains(['"', '\'', '\\', '\n']) && new.as_str().is_some() => {
            format!("{q}{plain_text}{q}")
        }
        _ => scalar(new),
    };
    Some(format!("{}{written}{}", &text[..start], &text[start + end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{GeneratorField, ListField, MapField, NewGenerator};

    fn check(text: &str, changes: &[Edit], expected: &str) {
        assert_eq!(edit(text, changes).unwrap(), expected);
    }

    const FILE: &str = "# the web shop
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../base # shared
  # more to come

images:
  # pinned by hand
  - name: nginx   # front
    newTag: \"1.0\"   # old
  - name: redis
    digest: sha256:ab
commonLabels: {team: a} # whose
namespace: shop  # live
# the end
";

    #[test]
    fn scalars_are_written_over_and_keep_their_quotes_and_comments() {
        let changes = [Edit::Image("nginx:2.0".into()), Edit::Namespace("other".into())];
        let expected = FILE.replace("\"1.0\"", "\"2.0\"").replace("shop  # live", "other  # live");
        check(FILE, &changes, &expected);
    }

    #[test]
    fn entries_and_items_come_in_lines_of_their_own() {
        let changes = [
            Edit::Image("redis=my/redis:7".into()),
            Edit::Image("new:1".into()),
            Edit::Resource("extra.yaml".into()),
            Edit::Replicas("web".into(), 3),
        ];
        let expected = FILE
            .replace(
                "    digest: sha256:ab\n",
                "    newName: my/redis\n    newTag: \"7\"\n  - name: new\n    newTag: \"1\"\n",
            )
            .replace("# shared\n", "# shared\n  - extra.yaml\n")
            + "replicas:\n  - count: 3\n    name: web\n";
        check(FILE, &changes, &expected);
    }

    #[test]
    fn flow_style_stays_flow_style() {
        let expected = FILE.replace("{team: a}", "{app: web, team: b}");
        check(
            FILE,
            &[Edit::Label("team".into(), "b".into()), Edit::Label("app".into(), "web".into())],
            &expected,
        );
        check(
            "images: [{name: a, newTag: x}]",
            &[Edit::Image("b:1.5".into())],
            "images: [{name: a, newTag: x}, {name: b, newTag: \"1.5\"}]",
        );
        check("resources: []\n", &[Edit::Resource("a".into())], "resources:\n- a\n");
    }

    #[test]
    fn empty_files_and_fields_and_removals_are_fine() {
        check("", &[Edit::NamePrefix("a-".into())], "namePrefix: a-\n");
        check("{}\n", &[Edit::NameSuffix("-a".into())], "\nnameSuffix: -a\n");
        check(
            "# c\nnamespace: a\nkind: Kustomization",
            &[Edit::Namespace("".into())],
            "# c\nkind: Kustomization",
        );
        check(
            "kind: Kustomization\nimages:\n",
            &[Edit::Image("a:b".into())],
            "kind: Kustomization\nimages:\n- name: a\n  newTag: b\n",
        );
        check(FILE, &[Edit::Resource("../base".into())], FILE);
    }

    #[test]
    fn odd_indentation_and_anchors_are_kept() {
        let text = "images:\n-   name: a\n    newTag: &tag v1\n-   newTag: *tag\n    name: b\n";
        check(
            text,
            &[Edit::Image("a=c:v1".into())],
            "images:\n-   name: a\n    newTag: &tag v1\n    newName: c\n-   newTag: *tag\n    name: b\n",
        );
        let error = edit("images: &i\n- name: a\nother: *i\n", &[Edit::Image("a:2".into())]);
        assert!(error.is_err(), "{error:?}");
    }

    #[test]
    fn the_dash_moves_on_when_the_first_key_goes() {
        check(
            "images:\n  # web\n  -   newTag: '2' # t\n      # name\n      name: web # n\n",
            &[Edit::Image("web=new/n".into())],
            "images:\n  # web\n      # name\n  -   name: web # n\n      newName: new/n\n",
        );
    }

    #[test]
    fn what_is_no_kustomization_is_refused() {
        assert!(edit("[1]", &[Edit::Namespace("a".into())]).is_err());
        assert!(edit("images: 1\n", &[Edit::Image("a:1".into())]).is_err());
        assert!(edit("a: b", &[Edit::Image("plain".into())]).is_err());
    }

    #[test]
    fn items_go_and_the_comments_of_the_others_stay() {
        let text = "resources:\n# first\n- a.yaml # a\n- sub/b.yaml\n- c.yaml # c\nnamespace: x\n";
        let remove = |what: &str| Edit::Remove(ListField::Resources, what.into());
        check(text, &[remove("sub/*.yaml")], &text.replace("- sub/b.yaml\n", ""));
        check(text, &[remove("a.yaml"), remove("gone.yaml")], &text.replace("- a.yaml # a\n", ""));
        check(text, &[remove("*"), remove("sub/b.yaml")], "namespace: x\n");
    }

    const GENERATORS: &str = "configMapGenerator:
  # settings
  - name: c # of the shop
    literals:
      - a=b # why
      - n=m
  - name: other
";

    #[test]
    fn generators_are_added_to_changed_and_removed_in_place() {
        let new = |name: &str, literals: &[&str]| NewGenerator {
            name: name.into(),
            literals: literals.iter().map(|l| Str::from(*l)).collect(),
            ..NewGenerator::default()
        };
        let field = GeneratorField::ConfigMaps;
        check(
            GENERATORS,
            &[Edit::AddGenerator(field, new("c", &["x=y"]))],
            &GENERATORS.replace("      - n=m\n", "      - n=m\n      - x=y\n"),
        );
        check(
            GENERATORS,
            &[Edit::SetGenerator(field, new("c", &["a=9"]), None)],
            &GENERATORS.replace("a=b", "a=9"),
        );
        check(
            GENERATORS,
            &[Edit::RemoveGenerator(field, "other".into(), "default".into())],
            &GENERATORS.replace("  - name: other\n", ""),
        );
        let added = NewGenerator { secret_type: "t".into(), namespace: "ns".into(), ..new("s", &["k=v"]) };
        check(
            "namespace: x\n",
            &[Edit::AddGenerator(GeneratorField::Secrets, added)],
            "namespace: x\nsecretGenerator:\n- literals:\n  - k=v\n  name: s\n  namespace: ns\n  type: t\n",
        );
        for wrong in [
            Edit::AddGenerator(field, new("c", &["a=c"])),
            Edit::SetGenerator(field, new("c", &["zz=c"]), None),
            Edit::SetGenerator(field, new("gone", &["a=c"]), None),
            Edit::RemoveGenerator(field, "gone".into(), "".into()),
        ] {
            assert!(edit(GENERATORS, std::slice::from_ref(&wrong)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn entries_are_not_overwritten_unless_asked() {
        let add =
            |force| Edit::AddEntry { field: MapField::Labels, key: "a".into(), value: "z".into(), force };
        let text = "commonLabels:\n  a: b # c\n";
        assert!(edit(text, &[add(false)]).is_err());
        check(text, &[add(true)], "commonLabels:\n  a: z # c\n");
        check(text, &[Edit::RemoveEntry(MapField::Labels, "a".into())], "");
        assert!(edit(text, &[Edit::RemoveEntry(MapField::Annotations, "a".into())]).is_err());
        let labels = |value: &str, force| Edit::AddLabels {
            pairs: vec![("x".into(), value.into())],
            templates: true,
            force,
        };
        let text = "labels:\n- includeTemplates: true\n  pairs:\n    x: \"y\"\n";
        check("", &[labels("z", false), labels("y", true)], text);
        assert!(edit(text, &[labels("z", false)]).is_err());
    }

    #[test]
    fn what_is_there_already_is_not_added_again() {
        check("bases:\n- b\n", &[Edit::Resource("b".into())], "bases:\n- b\n");
        let patch = || [("path".into(), "p.yaml".into())].into_iter().collect();
        let text = "patches:\n- path: p.yaml # p\n";
        check(text, &[Edit::AddPatch(patch())], text);
        let new = NewGenerator { name: "s".into(), literals: vec!["k=v".into()], ..NewGenerator::default() };
        check(
            "",
            &[Edit::AddGenerator(GeneratorField::Secrets, new)],
            "secretGenerator:\n- literals:\n  - k=v\n  name: s\n  type: Opaque\n",
        );
    }

    #[test]
    fn legacy_fields_are_moved() {
        let text = "bases:\n- bb\n# files\nresources:\n- a.yaml # a\npatchesStrategicMerge:\n- p.yaml\npatchesJson6902:\n- path: q.yaml\n  target: {kind: A, name: b}\ncommonLabels: {x: w}\nconfigMapGenerator:\n- name: c\n  env: x.env\n";
        check(
            text,
            &[Edit::Fix, Edit::Fix],
            "# files\nresources:\n- a.yaml # a\n- bb\nconfigMapGenerator:\n- name: c\n  envs:\n  - x.env\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nlabels:\n- includeSelectors: true\n  pairs:\n    x: w\npatches:\n- path: q.yaml\n  target:\n    kind: A\n    name: b\n- path: p.yaml\n",
        );
    }
}
