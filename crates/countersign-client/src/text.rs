//! Strings that are shared, not copied.

use alloc::rc::Rc;
use alloc::string::String;
use core::fmt;
use core::ops::Deref;

/// An immutable string that is one word wide, and cheap to clone.
///
/// The engine's futures move many strings; with three words each, that was half of the WebAssembly.
#[derive(PartialEq, Eq)]
#[allow(clippy::rc_buffer)] // `Rc<str>` is two words
pub struct Text(Rc<String>);

impl Clone for Text {
    #[inline(never)] // smaller
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

/// Wipes the string: many are secrets, which must not stay in the memory of a native program. In a
/// browser they are in JavaScript's strings anyway.
#[cfg(feature = "native")]
impl Drop for Text {
    fn drop(&mut self) {
        if let Some(last) = Rc::get_mut(&mut self.0) {
            zeroize::Zeroize::zeroize(last);
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Rc::new(text))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        String::from(text).into()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

// Many are secrets.
impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Text(..)")
    }
}

/// Returns the text, or an empty one.
pub(crate) fn or_empty(text: Option<&Text>) -> &str {
    text.map_or("", |text| text)
}
