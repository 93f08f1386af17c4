//! What the commands take from the machine: the time, and random bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use countersign::UnixSeconds;

/// The machine's clock.
pub(crate) fn now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.unwrap_or_default().as_secs();
    UnixSeconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

/// 32 random bytes, from the library that the keys are used with.
///
/// # Errors
/// The operating system gives none.
pub(crate) fn random_secret() -> Result<[u8; 32], String> {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret)
        .map_err(|_| "cannot draw random bytes from the operating system".to_owned())?;
    Ok(secret)
}
