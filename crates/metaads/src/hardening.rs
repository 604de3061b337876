//! Keeping the memory of this process to itself: it holds keys and tokens in use.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Forbids core dumps. On Linux the process is also not dumpable: other processes of its user cannot attach to it or
/// read its memory and environment.
pub fn keep_memory_private() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn core_dumps_are_forbidden_and_the_process_is_not_dumpable() {
        keep_memory_private().expect("a process may always lower its limits");
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        let behavior = dumpable_behavior().expect("the behavior can be read");
        assert!(matches!(behavior, DumpableBehavior::NotDumpable));
    }
}
