//! What people read: everything on stderr, and help. The only file that
//! prints to the terminal. Results of commands go to stdout through
//! [`stdout`].

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU8, Ordering};

use super::args::Colour;
use super::exit::Exit;

/// The choice of `--color`, set once before a command runs.
static COLOUR: AtomicU8 = AtomicU8::new(0);

pub fn set_colour(choice: Colour) {
    let code = match choice {
        Colour::Auto => 0,
        Colour::Always => 1,
        Colour::Never => 2,
    };
    COLOUR.store(code, Ordering::Relaxed);
}

fn colour_on(is_terminal: bool) -> bool {
    match COLOUR.load(Ordering::Relaxed) {
        1 => true,
        2 => false,
        _ => {
            is_terminal
                && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                && std::env::var_os("TERM").is_none_or(|v| v != "dumb")
        }
    }
}

/// Whether results may be coloured.
pub fn colour_stdout() -> bool {
    colour_on(io::stdout().is_terminal())
}

/// Whether messages may be coloured.
pub fn colour_stderr() -> bool {
    colour_on(io::stderr().is_terminal())
}

/// Whether stderr is a terminal.
pub fn is_terminal() -> bool {
    io::stderr().is_terminal()
}

fn tagged(tag: &str, code: &str, text: &str) {
    let tag = if colour_stderr() {
        format!("\u{1b}[1;{code}m{tag}\u{1b}[0m")
    } else {
        tag.to_owned()
    };
    // A closed stderr is no reason to stop.
    let _ = writeln!(io::stderr(), "trommel: {tag}: {text}");
}

pub fn error(text: &str) {
    tagged("error", "31", text);
}

pub fn warning(text: &str) {
    tagged("warning", "33", text);
}

/// A line or block for people.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Help, version and usage errors as clap words them.
pub fn usage(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() { Exit::CouldNotRun } else { Exit::Done }
}

/// Writes a result to stdout.
pub fn stdout(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Whether an error is nothing but a reader that went away.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}
