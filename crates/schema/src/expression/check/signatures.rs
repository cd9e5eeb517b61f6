//! What can be called, as Kubernetes 1.36 declares it: `name(arguments) result`, methods as `.name(target; arguments)`. Capital
//! letters stand for any kind.

use super::Kind;
use std::collections::HashMap;
use std::sync::LazyLock;

/// One way to call a function.
#[derive(Debug)]
pub(in crate::expression) struct Overload {
    pub is_method: bool,
    /// With the target in front where it is a method.
    pub arguments: Vec<Kind>,
    pub result: Kind,
    /// How many parameters there are, numbered from nought.
    pub parameters: u32,
}

/// Every function by its name.
pub(super) static FUNCTIONS: LazyLock<HashMap<&'static str, Vec<Overload>>> = LazyLock::new(|| {
    let mut all: HashMap<&'static str, Vec<Overload>> = HashMap::new();
    for line in TEXT.lines().map(str::trim).filter(|l| !l.is_empty()) {
        for (name, overload) in read(line) {
            all.entry(name).or_default().push(overload);
        }
    }
    all
});

/// Reads a line: one signature, or the same for each kind of a list in angle brackets, which `#` stands for.
fn read(line: &'static str) -> Vec<(&'static str, Overload)> {
    let (each, signature) = match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((each, signature)) => (each, signature.trim()),
        None => ("dyn", line),
    };
    let made = each.split(',').filter_map(|kind| {
        let (name, rest) = signature.split_once('(')?;
        let end = closing(rest)?;
        let (arguments, result) = (rest.get(..end)?, rest.get(end + 1..)?);
        let kinds = |text: &str| text.replace('#', kind.trim());
        let arguments = kinds(arguments);
        let arguments = arguments.split(';').map(str::trim).filter(|a| !a.is_empty()).map(parse);
        let method = name.strip_prefix('.');
        let overload = Overload {
            is_method: method.is_some(),
            arguments: arguments.collect(),
            result: parse(&kinds(result)),
            parameters: 2,
        };
        Some((method.unwrap_or(name), overload))
    });
    made.collect()
}

/// Where the bracket closes that is open at the start.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    text.bytes().position(|b| {
        match b {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

fn parse(text: &str) -> Kind {
    let text = text.trim();
    if let Some((name, inner)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) {
        return match name {
            "list" => Kind::list(parse(inner)),
            "optional" => Kind::optional(parse(inner)),
            "map" => {
                let (key, value) = inner.split_once(',').unwrap_or((inner, "dyn"));
                Kind::map(parse(key), parse(value))
            }
            _ => Kind::Type(Box::new(parse(inner))),
        };
    }
    match text {
        "A" => Kind::Param(0),
        "B" => Kind::Param(1),
        "bool" => Kind::Bool,
        "int" => Kind::Int,
        "uint" => Kind::Uint,
        "double" => Kind::Double,
        "string" => Kind::String,
        "bytes" => Kind::Bytes,
        "duration" => Kind::Duration,
        "timestamp" => Kind::Timestamp,
        "ip" => Kind::Named("net.IP"),
        "cidr" => Kind::Named("net.CIDR"),
        "url" => Kind::Named("kubernetes.URL"),
        "quantity" => Kind::Named("kubernetes.Quantity"),
        "semver" => Kind::Named("kubernetes.Semver"),
        "format" => Kind::Named("kubernetes.NamedFormat"),
        "authorizer" => Kind::Named("kubernetes.authorization.Authorizer"),
        "path_check" => Kind::Named("kubernetes.authorization.PathCheck"),
        "group_check" => Kind::Named("kubernetes.authorization.GroupCheck"),
        "resource_check" => Kind::Named("kubernetes.authorization.ResourceCheck"),
        "decision" => Kind::Named("kubernetes.authorization.Decision"),
        _ => Kind::Dyn,
    }
}

const TEXT: &str = "
_?_:_(bool; A; A) A
!_(bool) bool
@not_strictly_false(bool) bool
_&&_(bool; bool) bool
_||_(bool; bool) bool
_==_(A; A) bool
_!=_(A; A) bool
<bool, int, uint, double, string, bytes, duration, timestamp> _<_(#; #) bool
<bool, int, uint, double, string, bytes, duration, timestamp> _<=_(#; #) bool
<bool, int, uint, double, string, bytes, duration, timestamp> _>_(#; #) bool
<bool, int, uint, double, string, bytes, duration, timestamp> _>=_(#; #) bool
<int, uint> _<_(#; double) bool
<int, uint> _<=_(#; double) bool
<int, uint> _>_(#; double) bool
<int, uint> _>=_(#; double) bool
<int, uint> _<_(double; #) bool
<int, uint> _<=_(double; #) bool
<int, uint> _>_(double; #) bool
<int, uint> _>=_(double; #) bool
_<_(int; uint) bool
_<=_(int; uint) bool
_>_(int; uint) bool
_>=_(int; uint) bool
_<_(uint; int) bool
_<=_(uint; int) bool
_>_(uint; int) bool
_>=_(uint; int) bool
<bytes, double, duration, int, string, uint> _+_(#; #) #
_+_(duration; timestamp) timestamp
_+_(timestamp; duration) timestamp
_+_(list(A); list(A)) list(A)
<double, duration, int, uint> _-_(#; #) #
_-_(timestamp; duration) timestamp
_-_(timestamp; timestamp) duration
<double, int, uint> _*_(#; #) #
<double, int, uint> _/_(#; #) #
<int, uint> _%_(#; #) #
<double, int> -_(#) #
@in(A; list(A)) bool
@in(A; map(A, B)) bool
_[_](list(A); int) A
_[_](map(A, B); A) B
_[_](optional(list(A)); int) optional(A)
_[_](optional(map(A, B)); A) optional(B)
_[?_](list(A); int) optional(A)
_[?_](map(A, B); A) optional(B)
_[?_](optional(list(A)); int) optional(A)
_[?_](optional(map(A, B)); A) optional(B)
<bytes, list(A), string> size(#) int
size(map(A, B)) int
<bytes, list(A), string> .size(#) int
.size(map(A, B)) int
.contains(string; string) bool
.endsWith(string; string) bool
.startsWith(string; string) bool
.matches(string; string) bool
matches(string; string) bool
type(A) type(A)
dyn(A) dyn
<bool, string> bool(#) bool
<bytes, string> bytes(#) bytes
<double, int, string, uint> double(#) double
<duration, int, string> duration(#) duration
<int, double, duration, string, timestamp, uint> int(#) int
<string, bool, bytes, double, duration, int, timestamp, uint, ip, cidr> string(#) string
<timestamp, int, string> timestamp(#) timestamp
<uint, double, int, string> uint(#) uint
.getFullYear(timestamp) int
.getFullYear(timestamp; string) int
.getMonth(timestamp) int
.getMonth(timestamp; string) int
.getDayOfYear(timestamp) int
.getDayOfYear(timestamp; string) int
.getDayOfMonth(timestamp) int
.getDayOfMonth(timestamp; string) int
.getDate(timestamp) int
.getDate(timestamp; string) int
.getDayOfWeek(timestamp) int
.getDayOfWeek(timestamp; string) int
<timestamp, duration> .getHours(#) int
.getHours(timestamp; string) int
<timestamp, duration> .getMinutes(#) int
.getMinutes(timestamp; string) int
<timestamp, duration> .getSeconds(#) int
.getSeconds(timestamp; string) int
<timestamp, duration> .getMilliseconds(#) int
.getMilliseconds(timestamp; string) int
.charAt(string; int) string
.indexOf(string; string) int
.indexOf(string; string; int) int
.lastIndexOf(string; string) int
.lastIndexOf(string; string; int) int
.join(list(string)) string
.join(list(string); string) string
.lowerAscii(string) string
.upperAscii(string) string
.replace(string; string; string) string
.replace(string; string; string; int) string
.split(string; string) list(string)
.split(string; string; int) list(string)
.substring(string; int) string
.substring(string; int; int) string
.trim(string) string
.format(string; list(dyn)) string
strings.quote(string) string
sets.contains(list(A); list(A)) bool
sets.equivalent(list(A); list(A)) bool
sets.intersects(list(A); list(A)) bool
optional.of(A) optional(A)
optional.ofNonZeroValue(A) optional(A)
optional.none() optional(A)
optional.unwrap(list(optional(A))) list(A)
.unwrapOpt(list(optional(A))) list(A)
.hasValue(optional(A)) bool
.value(optional(A)) A
.or(optional(A); optional(A)) optional(A)
.orValue(optional(A); A) A
.first(list(A)) optional(A)
.last(list(A)) optional(A)
.slice(list(A); int; int) list(A)
.flatten(list(list(A))) list(A)
.flatten(list(dyn); int) list(dyn)
.distinct(list(A)) list(A)
.reverse(list(A)) list(A)
lists.range(int) list(int)
<int, uint, double, bool, duration, timestamp, string, bytes> .sort(list(#)) list(#)
<int, uint, double, bool, duration, timestamp, string, bytes> .@sortByAssociatedKeys(list(A); list(#)) list(A)
<int, uint, double, bool, duration, timestamp, string, bytes> .isSorted(list(#)) bool
<int, uint, double, duration> .sum(list(#)) #
<int, uint, double, bool, duration, timestamp, string, bytes> .min(list(#)) #
<int, uint, double, bool, duration, timestamp, string, bytes> .max(list(#)) #
.indexOf(list(A); A) int
.lastIndexOf(list(A); A) int
.find(string; string) string
.findAll(string; string) list(string)
.findAll(string; string; int) list(string)
url(string) url
isURL(string) bool
.getScheme(url) string
.getHost(url) string
.getHostname(url) string
.getPort(url) string
.getEscapedPath(url) string
.getQuery(url) map(string, list(string))
quantity(string) quantity
isQuantity(string) bool
sign(quantity) int
.isGreaterThan(quantity; quantity) bool
.isLessThan(quantity; quantity) bool
.compareTo(quantity; quantity) int
.asApproximateFloat(quantity) double
.asInteger(quantity) int
.isInteger(quantity) bool
<quantity, int> .add(quantity; #) quantity
<quantity, int> .sub(quantity; #) quantity
ip(string) ip
isIP(string) bool
ip.isCanonical(string) bool
.family(ip) int
.isUnspecified(ip) bool
.isLoopback(ip) bool
.isLinkLocalMulticast(ip) bool
.isLinkLocalUnicast(ip) bool
.isGlobalUnicast(ip) bool
cidr(string) cidr
isCIDR(string) bool
<ip, string> .containsIP(cidr; #) bool
<cidr, string> .containsCIDR(cidr; #) bool
.ip(cidr) ip
.prefixLength(cidr) int
.masked(cidr) cidr
.validate(format; string) optional(list(string))
format.named(string) optional(format)
format.dns1123Label() format
format.dns1123Subdomain() format
format.dns1035Label() format
format.qualifiedName() format
format.dns1123LabelPrefix() format
format.dns1123SubdomainPrefix() format
format.dns1035LabelPrefix() format
format.labelValue() format
format.uri() format
format.uuid() format
format.byte() format
format.date() format
format.datetime() format
semver(string) semver
semver(string; bool) semver
isSemver(string) bool
isSemver(string; bool) bool
.isGreaterThan(semver; semver) bool
.isLessThan(semver; semver) bool
.compareTo(semver; semver) int
.major(semver) int
.minor(semver) int
.patch(semver) int
.path(authorizer; string) path_check
.group(authorizer; string) group_check
.serviceAccount(authorizer; string; string) authorizer
.resource(group_check; string) resource_check
.subresource(resource_check; string) resource_check
.namespace(resource_check; string) resource_check
.name(resource_check; string) resource_check
.fieldSelector(resource_check; string) resource_check
.labelSelector(resource_check; string) resource_check
<path_check, resource_check> .check(#; string) decision
.errored(decision) bool
.error(decision) string
.allowed(decision) bool
.reason(decision) string
@entry(A; B) map(A, B)
@merged(list(map(A, B))) map(A, B)
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let lines = TEXT.lines().filter(|l| !l.trim().is_empty()).count();
        let read: usize = FUNCTIONS.values().map(Vec::len).sum();
        assert!(read >= lines, "{read} of {lines}");
        let query = &FUNCTIONS["getQuery"][0];
        assert_eq!(query.result.to_string(), "map(string, list(string))");
        assert!(query.is_method);
        assert_eq!(FUNCTIONS["validate"][0].result.to_string(), "optional_type(list(string))");
        assert_eq!(FUNCTIONS["min"].len(), 8);
    }
}
