use crate::compile::compile;
use crate::expressions::Compiled;
use crate::parse::parse;
use crate::program::{Program, Source};
use crate::value::text_of;
use crate::vm::{Machine, Origin};
use crate::{Call, Error, ErrorKind, Excerpt, Functions, Limits, Lookup, Ports, SumsAhead, Value};
use fairway_value::Str;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a field of a map gives where the map has no such key: Go's option `missingkey`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, printed as `<no value>`; fields of it are no value either. `default` and `invalid`.
    #[default]
    Default,
    /// The zero value of the map's elements; a field of nil is an error. What Helm uses.
    Zero,
    /// An error.
    Error,
}

/// What one run is given.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The time and random bytes.
    pub ports: Ports<'a>,
    /// How much it may take.
    pub limits: &'a Limits,
    /// What Helm's `lookup` asks; it finds nothing without.
    pub lookup: Option<&'a dyn Lookup>,
    /// What the runs of one chart share, if more are to come; sums of passwords are made as they are asked for without.
    pub sums: Option<&'a SumsAhead>,
}

/// Named templates that can call each other. Cheap to clone; shared between threads.
#[derive(Clone)]
pub struct Templates {
    layer: Arc<Layer>,
    missing_key: MissingKey,
}

impl Templates {
    /// Returns an empty set whose templates can call `functions`. `root` names the texts that `tpl` parses at run
    /// time.
    #[must_use]
    pub fn new(root: &str, functions: Arc<Functions>, missing_key: MissingKey) -> Self {
        let layer = Layer {
            below: None,
            root: root.into(),
            functions,
            programs: HashMap::new(),
            texts: Arc::default(),
            expressions: Arc::default(),
        };
        Self { layer: Arc::new(layer), missing_key }
    }

    /// Parses a text and adds it under a name, with the templates that it defines. One that is already there is
    /// replaced, unless the new one is empty of all but space and comments.
    ///
    /// # Errors
    /// The text is no template.
    pub fn parse(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let parsed = self.layer.parse_programs(name, text)?;
        Arc::make_mut(&mut self.layer).add(parsed);
        Ok(())
    }

    /// Parses texts and adds them one after another, as [`Templates::parse`] does; many of them on two threads.
    ///
    /// # Errors
    /// A text is no template: which one, the first of them, and why. Those before it are there.
    pub fn parse_all(&mut self, texts: &[(&str, &str)]) -> Result<(), (usize, Error)> {
        let parsed = self.layer.parse_each(texts);
        let layer = Arc::make_mut(&mut self.layer);
        for (n, programs) in parsed.into_iter().enumerate() {
            layer.add(programs.map_err(|e| (n, e))?);
        }
        Ok(())
    }

    /// Whether there is a template of that name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.layer.get(name).is_some()
    }

    /// Returns the names of all templates, in order.
    #[must_use]
    pub fn names(&self) -> Vec<Str> {
        self.layer.names()
    }

    /// Runs a template on data; what it writes that is no UTF-8 is replaced.
    ///
    /// # Errors
    /// There is no such template, it fails, or a limit is reached.
    pub fn execute(&self, name: &str, data: Value, run: Run<'_>) -> Result<String, Error> {
        self.execute_to_bytes(name, data, run).map(text_of)
    }

    /// Runs a template as [`Templates::execute`] does, and returns what it wrote as it is: not all of it need be UTF-8.
    ///
    /// # Errors
    /// As there.
    pub fn execute_to_bytes(&self, name: &str, data: Value, run: Run<'_>) -> Result<Vec<u8>, Error> {
        let Some(program) = self.layer.get(name) else {
            let root = &self.layer.root;
            let (quoted, root) = (crate::fmt::quote(name), crate::fmt::quote(root));
            return Err(Error {
                kind: ErrorKind::Exec,
                template: name.to_owned(),
                line: 0,
                column: 0,
                message: format!("template: no template {quoted} associated with template {root}"),
                trace: Box::default(),
            });
        };
        Machine::new(Arc::clone(&self.layer), program, self.missing_key, run).execute(data)
    }

    /// Runs a template as [`Templates::execute`] does and keeps where its output comes from.
    ///
    /// # Errors
    /// As there; nothing where there is no such template.
    pub fn trace(&self, name: &str, data: Value, run: Run<'_>) -> Result<Option<Traced>, Error> {
        let Some(program) = self.layer.get(name) else { return Ok(None) };
        let machine = Machine::new(Arc::clone(&self.layer), program, self.missing_key, run);
        let (text, origins) = machine.execute_with_origins(data)?;
        Ok(Some(Traced { text: text_of(text), origins }))
    }
}

/// What a template wrote, with where each part came from.
pub struct Traced {
    /// The output.
    pub text: String,
    origins: Vec<Origin>,
}

impl Traced {
    /// Returns the place in the templates that wrote a byte of the output: the text's name, the line from 1, and the
    /// line itself. What a called template wrote counts as written by the action that called it.
    #[must_use]
    pub fn origin(&self, at: usize) -> Option<Call> {
        let known = self.origins.partition_point(|o| o.at <= at).checked_sub(1)?;
        let origin = &self.origins[known];
        let start = origin.start + if origin.verbatim { at - origin.at } else { 0 };
        let text = &origin.source.text;
        let line = 1 + text.as_bytes().get(..start)?.iter().filter(|b| **b == b'\n').count();
        let name = origin.source.name.to_string();
        let excerpt = Excerpt::of_line(text, line);
        Some(Call { file: name.clone(), template: name, line, excerpt, ..Call::default() })
    }
}

/// Templates on top of others: what `tpl` parses sees all below it and hides those of the same name.
#[derive(Clone)]
pub(crate) struct Layer {
    below: Option<Arc<Layer>>,
    root: Str,
    functions: Arc<Functions>,
    programs: HashMap<Str, Arc<Program>>,
    texts: Arc<Mutex<ParsedTexts>>,
    /// The regular expressions that runs have compiled.
    pub expressions: Arc<Compiled>,
}

/// Texts that were parsed at run time: what a text becomes is the same on every layer and in every run.
#[derive(Default)]
struct ParsedTexts {
    by_text: HashMap<Str, Arc<ParsedText>>,
    bytes: usize,
}

/// Most bytes of texts that are kept parsed.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// From so many bytes of texts on, a second thread parses with the first: it takes some 50 µs to start.
const PARALLEL_BYTES_MIN: usize = 32 << 10;

/// Returns the next text that nobody has taken, with its number.
fn next_of<'t, T>(texts: &'t [T], next: &AtomicUsize) -> Option<(usize, &'t T)> {
    let n = next.fetch_add(1, Ordering::Relaxed);
    Some((n, texts.get(n)?))
}

/// A text parsed at run time.
pub(crate) struct ParsedText {
    pub root: Arc<Program>,
    all: Vec<Arc<Program>>,
}

impl Layer {
    pub fn get(&self, name: &str) -> Option<Arc<Program>> {
        let mut layer = self;
        loop {
            if let Some(program) = layer.programs.get(name) {
                return Some(Arc::clone(program));
            }
            layer = layer.below.as_deref()?;
        }
    }

    /// Returns the names of all templates that can be called.
    pub fn names(&self) -> Vec<Str> {
        let mut names = Vec::new();
        let mut layer = Some(self);
        while let Some(this) = layer {
            names.extend(this.programs.keys().cloned());
            layer = this.below.as_deref();
        }
        names.sort_unstable();
        names
    }

    pub fn root_name(&self) -> &Str {
        &self.root
    }

    fn parse_programs(&self, name: &str, text: &str) -> Result<Vec<Arc<Program>>, Error> {
        let trees = parse(name, text, &self.functions)?;
        let source = Arc::new(Source { name: name.into(), text: text.into() });
        Ok(trees.iter().map(|t| Arc::new(compile(t, &source, &self.functions))).collect())
    }

    fn parse_each(&self, texts: &[(&str, &str)]) -> Vec<Result<Vec<Arc<Program>>, Error>> {
        let parse = |(name, text): &(&str, &str)| self.parse_programs(name, text);
        let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
        if bytes < PARALLEL_BYTES_MIN {
            return texts.iter().map(parse).collect();
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while let Some((n, text)) = next_of(texts, &next) {
                done.push((n, parse(text)));
            }
            done
        };
        let mut done = std::thread::scope(|scope| {
            let other = scope.spawn(work);
            let mut mine = work();
            // A thread that cannot end well ends the run as its cause would have here.
            mine.extend(other.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)));
            mine
        });
        done.sort_unstable_by_key(|(n, _)| *n);
        done.into_iter().map(|(_, parsed)| parsed).collect()
    }

    pub fn parse_text(&self, text: &Str) -> Result<Arc<ParsedText>, Error> {
        let kept = || self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parsed) = kept().by_text.get(text) {
            return Ok(Arc::clone(parsed));
        }
        let all = self.parse_programs(&self.root, text)?;
        let root = all.iter().find(|p| p.name == self.root).cloned();
        let root = root.expect("because a parse always gives the template under the text's own name");
        let parsed = Arc::new(ParsedText { root, all });
        let mut kept = kept();
        if kept.bytes + text.len() <= TEXT_BYTES_MAX {
            kept.bytes += text.len();
            kept.by_text.insert(text.clone(), Arc::clone(&parsed));
        }
        Ok(parsed)
    }

    fn add(&mut self, programs: Vec<Arc<Program>>) {
        for program in programs {
            if !program.blank || self.get(&program.name).is_none() {
                self.programs.insert(program.name.clone(), program);
            }
        }
    }

    /// Returns a layer with what a text defines on top of this one: this one itself where it defines nothing, since the
    /// root is called by its program.
    pub fn with(self: &Arc<Self>, parsed: &ParsedText) -> Arc<Self> {
        if parsed.all.len() == 1 {
            return Arc::clone(self);
        }
        let mut layer = Self {
            below: Some(Arc::clone(self)),
            root: self.root.clone(),
            functions: Arc::clone(&self.functions),
            programs: HashMap::new(),
            texts: Arc::clone(&self.texts),
            expressions: Arc::clone(&self.expressions),
        };
        layer.add(parsed.all.clone());
        Arc::new(layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FixedClock, Map, SeededRandom};

    fn run_with(limits: &Limits, texts: &[(&str, &str)]) -> Result<String, Error> {
        let mut templates = Templates::new("gotpl", Arc::new(Functions::helm()), MissingKey::Zero);
        for (name, text) in texts {
            templates.parse(name, text)?;
        }
        let data: Map =
            [("n".into(), Value::Float(3.0)), ("s".into(), Value::from("x"))].into_iter().collect();
        let (clock, random) = (FixedClock(0), SeededRandom::new(1));
        let run = Run { ports: Ports { clock: &clock, random: &random }, limits, lookup: None, sums: None };
        templates.execute(texts[0].0, data.into(), run)
    }

    #[test]
    fn texts_parsed_at_once_replace_each_other_in_order() {
        let filling = "x{{ .n }}".repeat(PARALLEL_BYTES_MIN / 64);
        let texts: Vec<(String, String)> = (0..50)
            .map(|n| (format!("t{n}"), format!("{filling}{{{{ define \"same\" }}}}{n}{{{{ end }}}}")))
            .collect();
        let mut texts: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        let mut templates = Templates::new("gotpl", Arc::new(Functions::helm()), MissingKey::Zero);
        templates.parse_all(&texts).unwrap();
        assert_eq!(templates.names().len(), 51);
        let (clock, random, limits) = (FixedClock(0), SeededRandom::new(1), Limits::default());
        let run = Run {
            ports: Ports { clock: &clock, random: &random },
            limits: &limits,
            lookup: None,
            sums: None,
        };
        assert_eq!(templates.execute("same", Value::Nil, run).unwrap(), "49");
        texts[7].1 = "{{ if }}";
        texts[30].1 = "{{ if }}";
        assert_eq!(templates.parse_all(&texts).unwrap_err().0, 7);
    }

    fn run(text: &str) -> Result<String, String> {
        run_with(&Limits::default(), &[("a/t", text)]).map_err(|e| e.message)
    }

    #[test]
    fn templates_do_what_gos_do() {
        for (text, expect) in [
            (
                "{{- range $i, $e := list 1 2 3 }}{{ if eq $e 2 }}{{ continue }}{{ end }}{{ $i }}={{ $e }};{{ end -}} ",
                "0=1;2=3;",
            ),
            ("{{ with .s }}{{ . }}{{ $.n }}{{ else }}no{{ end }}", "x3"),
            ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $x := 3 }}{{ end }}{{ $x }}", "2"),
            ("{{ .missing }}|{{ print .missing }}|{{ range 2 }}{{ . }}{{ end }}", "<no value>|<nil>|01"),
            ("{{ define \"f\" }}[{{ . }}]{{ end }}{{ include \"f\" 1 | indent 2 }}", "  [1]"),
            ("{{ define \"f\" }}f{{ end }}{{ tpl \"{{ .s }}{{ include `f` . }}\" . }}", "xf"),
            ("{{ $d := dict \"a\" 1 }}{{ $_ := set $d \"b\" (list) }}{{ toJson $d }}", "{\"a\":1,\"b\":[]}"),
            ("{{ printf \"%d|%5.1f|%q\" .s .n .s }}", "%!d(string=x)|  3.0|\"x\""),
            ("{{ and 0 (fail \"never\") }}{{ or 1 (fail \"never\") }}", "01"),
        ] {
            assert_eq!(run(text).as_deref(), Ok(expect), "{text}");
        }
    }

    #[test]
    fn errors_name_each_template_on_the_way() {
        for (text, expect) in [
            (
                "{{ define \"f\" }}\n{{ .s.t }}{{ end }}{{ include \"f\" . }}",
                "template: a/t:2:22: executing \"a/t\" at <include \"f\" .>: error calling include: template: a/t:2:5: \
                 executing \"f\" at <.s.t>: can't evaluate field t in type interface {}",
            ),
            (
                "{{ upper .n }}",
                "template: a/t:1:9: executing \"a/t\" at <.n>: wrong type for value; expected string; got float64",
            ),
            ("{{ nope }}", "template: a/t:1: function \"nope\" not defined"),
            (
                "{{ trunc 1 }}",
                "template: a/t:1:3: executing \"a/t\" at <trunc>: wrong number of args for trunc: want 2 got 1",
            ),
            (
                "{{ template \"x\" }}",
                "template: a/t:1:12: executing \"a/t\" at <{{template \"x\"}}>: template \"x\" not defined",
            ),
        ] {
            assert_eq!(run(text).unwrap_err(), expect, "{text}");
        }
    }

    #[test]
    fn later_templates_replace_earlier_ones_unless_blank() {
        let texts = [
            ("main", "{{ include \"f\" . }}"),
            ("1", "{{ define \"f\" }}one{{ end }}"),
            ("2", "{{ define \"f\" }}two{{ end }}"),
            ("3", "{{ define \"f\" }} {{ end }}"),
        ];
        assert_eq!(run_with(&Limits::default(), &texts).unwrap(), "two");
    }

    #[test]
    fn every_limit_stops_a_run_and_says_its_name() {
        let small = Limits {
            steps_max: 10_000,
            output_bytes_max: 10_000,
            memory_bytes_max: 100_000,
            depth_max: 500,
            include_depth_max: 50,
        };
        for (text, name) in [
            ("{{ range 3000 }}{{ range 1 }}{{ end }}{{ $x := 1 }}{{ $y := 2 }}{{ end }}", "steps_max"),
            ("{{ range until 200 }}{{ repeat 100 \"x\" }}{{ end }}", "output_bytes_max"),
            ("{{ $x := repeat 200000 \"x\" }}", "memory_bytes_max"),
            // What takes long counts for more than one instruction.
            ("{{ bcrypt \"x\" }}", "steps_max"),
            ("{{ genPrivateKey \"rsa\" }}", "steps_max"),
            ("{{ genPrivateKey \"ecdsa\" }}", "steps_max"),
            ("{{ regexMatch \"a\" \"b\" }}", "steps_max"),
            ("{{ fromYaml (repeat 2000 \"a\") }}", "steps_max"),
            ("{{ $x := until 1000000000 }}", "memory_bytes_max"),
            (
                "{{ define \"f\" }}{{ template \"f\" . }}{{ end }}{{ template \"f\" . }}",
                "maximum template depth",
            ),
            (
                "{{ define \"f\" }}{{ include \"f\" . }}{{ end }}{{ include \"f\" . }}",
                "nested reference name",
            ),
            ("{{ $t := `{{ tpl .t . }}` }}{{ tpl $t (dict \"t\" $t) }}", "maximum template depth"),
        ] {
            let error = run_with(&small, &[("t", text)]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Limit, "{text}: {error}");
            assert!(error.message.contains(name), "{text}: {error}");
        }
    }

    #[test]
    fn a_map_that_holds_itself_ends_in_an_error_or_a_cut() {
        let looped = "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}";
        assert_eq!(run(&format!("{looped}{{{{ toYaml $d }}}}")).as_deref(), Ok(""));
        for call in ["mustToJson $d", "deepCopy $d"] {
            assert!(run(&format!("{looped}{{{{ {call} }}}}")).unwrap_err().contains("limit"), "{call}");
        }
        assert!(run(&format!("{looped}{{{{ $d }}}}")).unwrap().contains("..."));
    }
}
