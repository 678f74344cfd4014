//! Exit codes. One enum, in the help, one test each.

use std::process::ExitCode;

/// How a command ended. When several apply, 2 beats 1 beats 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0
    Done,
    /// 1: `--fail-on` tripped, or a check or test failed.
    Failed,
    /// 2: usage, rules, input or output.
    CouldNotRun,
    /// 3: done, but some records were rejected.
    Rejects,
}

impl Exit {
    pub fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::CouldNotRun => 2,
            Exit::Rejects => 3,
        })
    }
}

/// For the end of every command's help.
pub const HELP: &str = "\
Exit codes:
  0  done
  1  --fail-on tripped, or a check or test failed
  2  could not run (usage, rules, input or output)
  3  done, but some records were rejected";
