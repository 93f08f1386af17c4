//! The server's clock when a file moves it: tests of long sessions let hours pass in seconds.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering},
};

use countersign_authorization_server::Clock;

use crate::machine;

/// Why the file can't move the clock.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClockFileError {
    #[error("{} can't be read: {reason}; write a number of seconds into it, or leave --clock-file out", path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error("{} holds no whole number of seconds; write one into it, like 3600 or -60", .0.display())]
    NotSeconds(PathBuf),
}

/// Returns a clock that is ahead by as many seconds as the file says each time somebody looks at
/// it. A file that is being written, or says nothing, leaves the clock as it was.
pub(crate) fn moved_by(path: PathBuf) -> Result<Clock, ClockFileError> {
    let last = AtomicI64::new(read(&path)?);
    Ok(Clock::new(move || {
        if let Ok(seconds) = read(&path) {
            last.store(seconds, Ordering::Relaxed);
        }
        machine::now().plus(last.load(Ordering::Relaxed))
    }))
}

fn read(path: &Path) -> Result<i64, ClockFileError> {
    let text = fs::read_to_string(path).map_err(|reason| ClockFileError::Unreadable {
        path: path.to_owned(),
        reason,
    })?;
    let seconds = text.trim().parse();
    seconds.map_err(|_| ClockFileError::NotSeconds(path.to_owned()))
}
