//! Checks written as rules in a small language: one program a kind, read once.
//!
//! ```text
//! kind GROUP/KIND …                 starts a program; `*` stands for anything
//! TEST … => STATUS message          when all tests hold: that is the judgement
//! TEST … -> STATUS message          when all tests hold: the judgement unless a later line says otherwise
//! each PATH  …  end                 the lines between for each entry of a list, in order; `by KEY` sorts them
//! every PATH  …  end                as `each`, and for the entries of a map
//! if TEST …  …  else  …  end        the lines between when all tests hold
//! TEST … + NAME  | zero NAME         counts | starts again
//! TEST … let NAME = text            remembers a text, or one value as it is; `nil` is nothing
//! TEST … push NAME = text           puts it at the end of a list, if it is something
//! TEST … break | TEST … return      leaves the loop | ends with the judgement so far
//! TEST … fail                       fails, as a script does that gets a value of a wrong type
//! ```
//!
//! A test is `PATH`, `!PATH`, or `PATH OP VALUE[,VALUE]` with `=`, `!=`, `<`, `<=`, `>`, `>=`, `^=` (starts with) or `$=`
//! (ends with), where a VALUE `<string>`, `<number>` … is a type; ` | ` between groups of tests means or. A path starts at the object with `.`, at the loop's entry without; `@` is the entry
//! itself, `#PATH` a length, `$NAME` a count or text. `!` after a key (`.spec!.suspend`) makes it an error that there is
//! nothing. STATUS `.` leaves the status as it is. In texts, `{PATH}` is replaced; `{PATH|text}` says what stands for
//! nothing, `{PATH:lower}`, `{PATH:short}` and `{PATH:without WORDS}` how it is cut, `{_}` and `{n}` are a space and a new
//! line. `macro NAME … endmacro` and `use NAME arguments` save repetition. A text that joins nothing is an error, and the judgement `Unknown`, as for the scripts of Argo CD.

mod eval;
mod parse;
mod table;

pub(crate) use table::assess_as;
