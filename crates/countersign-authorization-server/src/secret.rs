//! Random values, and tags by which the server recognises what it has given out without storing it.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    hmac,
    rand::{self, SystemRandom},
};

/// The system gives no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRandomness;

/// Returns `N` random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::SecureRandom::fill(&SystemRandom::new(), &mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// What a tag vouches for. A tag for one purpose is invalid for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Code,
    RefreshToken,
    LoginForm,
    LogoutForm,
}

/// The length of a tag, 128 bits: nobody can guess one.
pub(crate) const TAG_BYTES: usize = 16;

/// The key of the tags. It lives as long as the process.
pub(crate) struct Secret(hmac::Key);

impl Secret {
    pub(crate) fn generate() -> Result<Self, NoRandomness> {
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()?)))
    }

    /// Computes the tag of the purpose and of every part. Each part has its length before it, so
    /// that no two lists of parts give the same bytes.
    pub(crate) fn tag(&self, purpose: Purpose, parts: &[&[u8]]) -> [u8; TAG_BYTES] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&[purpose as u8]);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&context.sign().as_ref()[..TAG_BYTES]);
        tag
    }

    pub(crate) fn vouches(&self, purpose: Purpose, parts: &[&[u8]], tag: &[u8]) -> bool {
        verify_slices_are_equal(&self.tag(purpose, parts), tag).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_good_for_its_purpose_and_parts_only() {
        let secret = Secret::generate().expect("randomness");
        let tag = secret.tag(Purpose::Code, &[b"ab", b"c"]);
        assert!(secret.vouches(Purpose::Code, &[b"ab", b"c"], &tag));
        assert!(!secret.vouches(Purpose::RefreshToken, &[b"ab", b"c"], &tag));
        assert!(!secret.vouches(Purpose::Code, &[b"a", b"bc"], &tag));
        assert!(!secret.vouches(Purpose::Code, &[b"ab", b"c"], &tag[1..]));
        let other = Secret::generate().expect("randomness");
        assert!(!other.vouches(Purpose::Code, &[b"ab", b"c"], &tag));
    }
}
