/// How much one run of a template may take. Each has an error that names it.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Instructions of the VM, of some ten nanoseconds each, and what functions count for by how long they take: the
    /// default comes to about a second, and lets the largest public charts through many times over.
    pub steps_max: u64,
    /// Bytes of output, those of captured output (`include`, `tpl`) included.
    pub output_bytes_max: usize,
    /// Bytes that functions may make as values, freed or not.
    pub memory_bytes_max: usize,
    /// Templates that may be under way inside each other. Go stops at 100 000.
    pub depth_max: usize,
    /// Times that one name may be under way in `include`. Helm stops at 1000.
    pub include_depth_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps_max: 100_000_000,
            output_bytes_max: 256 << 20,
            memory_bytes_max: 512 << 20,
            depth_max: 100_000,
            include_depth_max: 1000,
        }
    }
}

/// Deepest nesting of blocks and parentheses that is parsed, so that no text can overflow a stack. Go has a limit of
/// 10 000 for parentheses alone; no chart comes near either.
pub(crate) const NESTING_MAX: usize = 200;
