//! Opens URLs in the user's browser, by the system's own means.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a system takes to find that it has no browser.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens a URL in the user's browser, for [`NativeClient::login`](super::NativeClient::login).
/// Returns `false` if there is none: then show the URL. Blocks for two seconds at most: some
/// systems return only when the browser is closed, and the login ends before that.
///
/// The URL is in the command line of a process, which other users of the machine may see. It holds
/// no secret.
pub fn open_browser(url: &str) -> bool {
    let (program, before): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        // Not `cmd /c start`, which interprets the URL's `&`.
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(before).arg(url).stdin(Stdio::null());
    is_started(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

fn is_started(command: &mut Command) -> bool {
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        // The receiver may have stopped waiting.
        let _ = ended.send(child.wait().is_ok_and(|status| status.success()));
    });
    end.recv_timeout(PATIENCE).unwrap_or(true)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_browser_that_stays_in_the_foreground_is_not_waited_for() {
        assert!(is_started(&mut Command::new("true")));
        assert!(!is_started(&mut Command::new("false")));
        assert!(!is_started(&mut Command::new("no-such-program-anywhere")));
        let begun = Instant::now();
        assert!(is_started(Command::new("sleep").arg("6")));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
