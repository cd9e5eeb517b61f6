use crate::budget::Budget;
use crate::error::LuaError;
use crate::values::to_lua;
use fairway_value::{Str, Value};
use mlua::chunk::ChunkMode;
use mlua::{HookTriggers, Lua, LuaOptions, LuaString, MultiValue, StdLib, Value as LuaValue, VmState};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Time that a script may take, as in Argo CD: one instruction on long strings can copy megabytes.
const TIME_MAX: Duration = Duration::from_secs(1);

/// Instructions between two looks at the budget and the time: few, since each may copy as much as the memory holds.
const INSTRUCTIONS_STRIDE: u32 = 200;

/// Memory that a script may take, with the object.
const MEMORY_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Longest script, in bytes.
const SCRIPT_BYTES_MAX: usize = 1024 * 1024;

/// What the sandbox takes away: files, code from strings (bytecode could break the interpreter out), the collector.
const TAKEN: [&str; 9] =
    ["dofile", "loadfile", "load", "collectgarbage", "newproxy", "bit32", "rawlen", "module", "gcinfo"];

/// Stops that are caught by `pcall` come again at its end. The handler of `xpcall` runs after the unwinding: inside of it, the
/// interpreter calls no hook.
const PRELUDE: &str = r"
local over, pcall_, select_, next_, type_ = ...
local function guarded(...) return over(pcall_(...)) end
local function unwound(handler, ok, ...)
  if ok then return true, ... end
  return false, select_(2, guarded(handler, ...))
end
pcall = guarded
xpcall = function(f, handler, ...) return unwound(handler, guarded(f, ...)) end
if string then string.dump = nil end
-- What Lua 5.1 has, as Argo CD's, and the interpreter here (5.2, for `goto`) has not.
local unpack_, log = table.unpack, math and math.log
unpack = unpack_
table.unpack, table.pack = nil, nil
table.getn = function(t) return #t end
table.maxn = function(t)
  local max = 0
  for k in next_, t do if type_(k) == 'number' and k > max then max = k end end
  return max
end
if math then math.log10 = function(x) return log(x, 10) end end
";

/// What a script is run on.
pub(crate) struct Input<'a> {
    pub(crate) object: &'a Value,
    pub(crate) params: &'a BTreeMap<Str, Str>,
    /// Whether the string and math libraries and the clock are there without `require`.
    pub(crate) open_libs: bool,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

/// Runs a script and hands its last result on; nothing where it returns none.
///
/// As Argo CD `util/lua` `runLua`.
pub(crate) fn run<T>(
    script: &str,
    input: &Input<'_>,
    read: impl FnOnce(LuaValue) -> Result<T, LuaError>,
) -> Result<T, LuaError> {
    if script.len() > SCRIPT_BYTES_MAX {
        return Err(LuaError::Script(format!("a script longer than {SCRIPT_BYTES_MAX} bytes")));
    }
    let libs = if input.open_libs { StdLib::TABLE | StdLib::STRING | StdLib::MATH } else { StdLib::TABLE };
    let lua = Lua::new_with(libs, LuaOptions::default())?;
    lua.set_memory_limit(MEMORY_BYTES_MAX)?;
    let budget = Budget::default();
    prepare(&lua, input, &budget)?;
    let started = Instant::now();
    lua.set_global_hook(HookTriggers::new().every_nth_instruction(INSTRUCTIONS_STRIDE), move |_, _| {
        if started.elapsed() > TIME_MAX {
            return Err(budget.spend());
        }
        budget.take(u64::from(INSTRUCTIONS_STRIDE)).map(|()| VmState::Continue)
    })?;
    let results: MultiValue = lua.load(script).set_name("=<string>").set_mode(ChunkMode::Text).call(())?;
    read(results.into_iter().next_back().unwrap_or(LuaValue::Nil))
}

fn prepare(lua: &Lua, input: &Input<'_>, budget: &Budget) -> mlua::Result<()> {
    let globals = lua.globals();
    let own = budget.clone();
    let over = lua.create_function(move |_, results: MultiValue| own.check().map(|()| results))?;
    let own = |name: &str| globals.get::<LuaValue>(name);
    let kept = (over, own("pcall")?, own("select")?, own("next")?, own("type")?);
    lua.load(PRELUDE).call::<()>(kept)?;
    if input.open_libs {
        crate::strings::install(lua, &globals.get("string")?, budget)?;
    }
    for name in TAKEN.iter().chain(&["coroutine"]) {
        globals.raw_remove(*name)?;
    }
    let compile = lua.create_function(|lua, source: LuaString| {
        let source = source.to_string_lossy();
        lua.load(source.as_str()).set_mode(ChunkMode::Text).into_function()
    })?;
    globals.set("loadstring", compile)?;
    globals.set("print", lua.create_function(|_, _: MultiValue| Ok(()))?)?;
    let os = crate::os::table(lua, input.now)?;
    let module = os.clone();
    let require = lua.create_function(move |_, name: String| match name.as_str() {
        "os" => Ok(module.clone()),
        other => Err(mlua::Error::runtime(format!("module {other} not found"))),
    })?;
    globals.set("require", require)?;
    // Argo CD puts the clock into `table` too.
    let tables: mlua::Table = globals.get("table")?;
    for name in ["time", "date"] {
        tables.set(name, os.get::<LuaValue>(name)?)?;
    }
    if input.open_libs {
        globals.set("os", os)?;
    }
    let params = lua.create_table()?;
    for (key, value) in input.params {
        params.set(key.as_str(), value.as_str())?;
    }
    globals.set("actionParams", params)?;
    globals.set("obj", to_lua(lua, input.object)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(script: &str, open_libs: bool) -> Result<String, LuaError> {
        let object = fairway_value::from_json(br#"{"a":[1,null,2],"n":null,"s":"x"}"#).unwrap();
        let input = Input { object: &object, params: &BTreeMap::new(), open_libs, now: 1_700_000_000 };
        run(script, &input, |v| Ok(v.to_string().unwrap_or_default()))
    }

    #[test]
    fn a_script_sees_what_argo_cd_lets_it_see_and_nothing_else() {
        assert_eq!(text("return tostring(#obj.a) .. tostring(obj.n) .. obj.s", false).unwrap(), "2nilx");
        assert_eq!(
            text("local os = require('os') return os.date('!%Y-%m-%dT%XZ')", false).unwrap(),
            "2023-11-14T22:13:20Z"
        );
        assert_eq!(
            text("return os.time{year=2023,month=11,day=14,hour=22,min=13,sec=20}", true).unwrap(),
            "1700000000"
        );
        for script in [
            "return os.time()",
            "return string.len('x')",
            "return ('x'):len()",
            "return io.open('/etc/passwd')",
            "return require('io')",
            "return os.execute('x')",
            "return os.getenv('PATH')",
            "return coroutine.create(print)",
        ] {
            assert!(text(script, false).is_err(), "{script}");
        }
        for script in [
            "return io.open('/etc/passwd')",
            "return os.getenv('PATH')",
            "return load('x')",
            "return string.dump(print)",
            "return loadstring('\\27LJ')()",
            "return debug.getregistry()",
            "return dofile('/etc/passwd')",
            "return require('ffi')",
        ] {
            assert!(text(script, true).is_err(), "{script}");
        }
        for (script, expected) in [
            ("local y, m = ('2024-01-31'):match('(%d+)-(%d+)') return y .. m", "202401"),
            ("local from, to, x = string.find('key=value', '=(%w+)') return from .. to .. x", "49value"),
            ("return string.find('a.b', '.', 1, true)", "2"),
            ("return tostring(string.find('abc', 'b', -1))", "nil"),
            ("local s, n = ('a b c'):gsub('%s', '_', 1) return s .. n", "a_b c1"),
            ("return (('hello world'):gsub('(o)', '<%1%0%%>'))", "hell<oo%> w<oo%>rld"),
            ("return (('$x $y'):gsub('%$(%w)', {x = 'one'}))", "one $y"),
            ("return (('abc'):gsub('', '-'))", "-a-b-c-"),
            ("return (('abc'):gsub('%w', function(c) if c ~= 'b' then return c:upper() end end))", "AbC"),
            (
                "local t = {} for k, v in ('a=1, b=2'):gmatch('(%w)=(%w)') do t[#t+1] = k .. v end return table.concat(t)",
                "a1b2",
            ),
            (
                "local ok, e = xpcall(function() error('x', 0) end, function(e) return e .. '!' end) return tostring(ok) .. e",
                "falsex!",
            ),
            ("return select('#', xpcall(function() return 1, 2 end, print))", "3"),
            (
                "return table.getn({1, 2}) .. table.maxn({[7] = 1}) .. select(2, unpack({4, 5})) .. math.log10(1000)",
                "2753",
            ),
            ("return tostring(table.unpack) .. tostring(table.pack) .. tostring(bit32)", "nilnilnil"),
            ("return string.format('%d %5.1f %s', 3.7, 2.25, 10)", "3   2.2 10"),
            ("local n = 0 for _ in ('abc'):gmatch('()') do n = n + 1 end return n", "4"),
        ] {
            assert_eq!(text(script, true).unwrap(), expected, "{script}");
        }
        assert_eq!(text("return loadstring('return 1+1')()", true).unwrap(), "2");
        assert_eq!(text("goto done ::done:: return table.getn({1,2})", false).unwrap(), "2");
    }

    #[test]
    fn endless_and_greedy_scripts_end() {
        for script in [
            "while true do end",
            "while true do pcall(function() while true do end end) end",
            "local t = {} while true do t[#t+1] = string.rep('x', 1000000) end",
            "return string.find(string.rep('a', 30000), '.-.-.-.-.-b')",
            "return ('a'):rep(30000000):find('a*b')",
            "while true do pcall(string.find, ('a'):rep(30000), '.-.-.-b') end",
            "return ('x'):rep(9000):gsub('x', ('%0'):rep(9000))",
            "for _ in ('a'):rep(30000):gmatch('.-.-.-b') do end",
            "xpcall(function() while true do end end, function() while true do end end) while true do end",
            "local t = {} for n = 1, 1e9 do t[n] = {} end",
            "return setmetatable({}, {__index = function(t, k) return t[k + 1] end})[1]",
            "local function f() return f() end return f()",
            "local function f() f() f() end return f()",
        ] {
            assert!(text(script, true).is_err(), "{script}");
        }
    }
}
