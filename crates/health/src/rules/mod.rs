//! Checks written as rules in a small language: one program a kind, read once.
//!
//! ```text
//! kind GROUP/KIND …                 starts a program; `*` stands for anything
//! TEST … => STATUS message          when all tests hold: that is the judgement
//! TEST … -> STATUS message          when all tests hold: the judgement unless a later line says otherwise
//! each PATH  …  end                 the lines between for each entry of a list or map, in order
//! if TEST …  …  else  …  end        the lines between when all tests hold
//! TEST … + NAME  | zero NAME         counts | starts again
//! TEST … let NAME = text            remembers a text
//! TEST … break | TEST … return      leaves the loop | ends with the judgement so far
//! ```
//!
//! A test is `PATH`, `!PATH`, or `PATH OP VALUE[,VALUE]` with `=`, `!=`, `<`, `<=`, `>`, `>=` or `~` (contains); ` | `
//! between groups of tests means or. A path starts at the object with `.`, at the loop's entry without; `@` is the entry
//! itself, `#PATH` a length, `$NAME` a count or text. `!` after a key (`.spec!.suspend`) makes it an error that there is
//! nothing. STATUS `.` leaves the status as it is. In texts, `{PATH}` is replaced; `{PATH|text}` says what stands for
//! nothing, `{PATH:lower}`, `{PATH:short}` and `{PATH:without WORDS}` how it is cut, `{_}` and `{n}` are a space and a new
//! line. `macro NAME … endmacro` and `use NAME arguments` save repetition. A text that joins nothing is an error, and the judgement `Unknown`, as for the scripts of Argo CD.

mod eval;
mod parse;
mod table;

pub(crate) use table::assess_as;
