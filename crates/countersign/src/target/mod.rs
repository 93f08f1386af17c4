//! The target of a request, as `htu` names it (RFC 9449, 4.2 and 4.3): a URI without query and
//! fragment, compared after syntax-based and scheme-based normalisation (RFC 3986, 6.2.2 and
//! 6.2.3).
//!
//! What RFC 3986 doesn't allow is refused, never repaired: two parsers that repair differently
//! disagree on which resource a proof is for. A browser has already serialised its URL, whose
//! origin and path are the `htu`; this normaliser is for servers and native clients. A path may
//! contain what the WHATWG URL standard, and so browsers, leave unencoded (`|`, `[`, `]`, `^`, and
//! a `%` without two hexadecimal digits): these bytes stand for themselves, so `|` is not `%7C`,
//! and such a `%` never becomes `%25`.
//!
//! It is worth its lines: the WHATWG parser of the `url` crate repairs what RFC 3986 refuses, for
//! which four peers fail conformance cases, and cost 64 KB gzipped in WebAssembly.
//!
//! ```
//! use countersign::target::TargetUri;
//!
//! let ours = TargetUri::parse("https://api.example.com/users/~ann")?;
//! assert_eq!(TargetUri::parse("HTTPS://API.example.com:443/a/../users/%7eann?page=2#top")?, ours);
//! assert_eq!(ours.htu(), "https://api.example.com/users/~ann");
//! assert_ne!(TargetUri::parse("http://api.example.com/users/~ann")?, ours);
//! assert!(TargetUri::parse("https://ann@api.example.com/").is_err());
//! # Ok::<(), countersign::target::TargetUriError>(())
//! ```

use alloc::string::String;
use core::{
    hash::{Hash, Hasher},
    net::Ipv6Addr,
};

use crate::text::cut;

/// An absolute `http` or `https` URI without query and fragment, normalised. Two are equal if their
/// normalised forms are.
#[derive(Clone, Debug)]
pub struct TargetUri {
    normalised: String,
    is_needlessly_encoded: bool,
}

impl PartialEq for TargetUri {
    fn eq(&self, other: &Self) -> bool {
        self.normalised == other.normalised
    }
}

impl Eq for TargetUri {}

impl Hash for TargetUri {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.normalised.hash(state);
    }
}

/// Why a text is not the target of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetUriError {
    /// It doesn't begin with `http://` or `https://`.
    Scheme,
    /// It has a user name or password.
    UserInfo,
    /// The host is empty, not ASCII, or not of RFC 3986's form.
    Host,
    /// The port is not a number up to 65535.
    Port,
    /// It has a character that a URI can't contain unencoded (a space, a tab, a backslash, `{`,
    /// ...), or one after the host that is not ASCII.
    Character,
    /// Its host has a `%` without two hexadecimal digits after it.
    PercentEncoding,
    /// The path of the request percent-encodes a letter, a digit, `-`, `.` or `_`
    /// ([`TargetUri::check_encoding`]).
    NeedlessEncoding,
}

impl TargetUri {
    /// Parses and normalises an absolute URI; query and fragment are dropped.
    ///
    /// # Errors
    /// One [`TargetUriError`] for each part that breaks RFC 3986.
    pub fn parse(uri: &str) -> Result<Self, TargetUriError> {
        if !uri.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(match has_ascii_authority(uri) {
                true => TargetUriError::Character,
                false => TargetUriError::Host,
            });
        }
        let (scheme, rest) = cut(uri, b':').ok_or(TargetUriError::Scheme)?;
        let is_https = scheme.eq_ignore_ascii_case("https");
        if !is_https && !scheme.eq_ignore_ascii_case("http") {
            return Err(TargetUriError::Scheme);
        }
        let rest = rest.strip_prefix("//").ok_or(TargetUriError::Scheme)?;
        let (rest, _) = rest.split_at(before(rest, |b| b == b'?' || b == b'#'));
        let (authority, path) = rest.split_at(before(rest, |b| b == b'/'));

        let mut normalised = String::with_capacity(uri.len() + 1);
        normalised.push_str(if is_https { "https://" } else { "http://" });
        push_authority(&mut normalised, authority, if is_https { 443 } else { 80 })?;
        let is_needlessly_encoded = push_path(&mut normalised, path)?;
        Ok(Self {
            normalised,
            is_needlessly_encoded,
        })
    }

    /// Returns the normalised URI, as a proof's `htu`.
    #[must_use]
    pub fn htu(&self) -> &str {
        &self.normalised
    }

    /// Refuses the URI of a request whose path percent-encodes a letter, a digit, `-`, `.` or `_`.
    ///
    /// To a proof, `/users/%6de` is `/users/me` (RFC 3986, 6.2.2.2). A router that reads the path
    /// before it is normalised may see two different resources, so that a proof for one opens the
    /// other. No encoder writes such a path, but somebody who has copied a request may. `%7E`
    /// passes, since some encoders write it for `~`, and so do lower-case hexadecimal digits (`%c3`
    /// for `%C3`): make sure that your router treats these alike.
    ///
    /// # Errors
    /// [`TargetUriError::NeedlessEncoding`].
    pub const fn check_encoding(&self) -> Result<(), TargetUriError> {
        if self.is_needlessly_encoded {
            return Err(TargetUriError::NeedlessEncoding);
        }
        Ok(())
    }
}

/// Returns how many bytes come before the first `end`.
fn before(text: &str, end: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(end).unwrap_or(text.len())
}

/// Tells whether the authority is ASCII, so that other characters come after it and need
/// percent-encoding. A host has another form for them.
fn has_ascii_authority(uri: &str) -> bool {
    let end = |b: &u8| matches!(b, b'/' | b'?' | b'#');
    let behind_scheme = uri.bytes().skip_while(|b| *b != b'/').skip(2);
    behind_scheme.take_while(|b| !end(b)).all(|b| b.is_ascii())
}

fn push_authority(
    out: &mut String,
    authority: &str,
    default_port: u16,
) -> Result<(), TargetUriError> {
    if authority.bytes().any(|b| b == b'@') {
        return Err(TargetUriError::UserInfo);
    }
    let port = if let Some(literal) = authority.strip_prefix('[') {
        let (address, port) = cut(literal, b']').ok_or(TargetUriError::Host)?;
        push_ip_literal(out, address)?;
        match port.strip_prefix(':') {
            Some(port) => port,
            None if port.is_empty() => "",
            None => return Err(TargetUriError::Host),
        }
    } else {
        let (host, port) = cut(authority, b':').unwrap_or((authority, ""));
        push_name(out, host)?;
        port
    };
    push_port(out, port, default_port)
}

/// Appends a registered name or an IPv4 address, which has the same characters. What stays
/// percent-encoded is refused: no client can reach such a host, and it may be another spelling of
/// an internationalised name.
fn push_name(out: &mut String, host: &str) -> Result<(), TargetUriError> {
    if host.is_empty() {
        return Err(TargetUriError::Host);
    }
    let mut bytes = host.bytes();
    while let Some(byte) = bytes.next() {
        let (byte, is_allowed) = if byte == b'%' {
            let decoded = percent_decoded(&mut bytes)?;
            (decoded, is_unreserved(decoded))
        } else {
            (byte, is_unreserved(byte) || is_sub_delimiter(byte))
        };
        if !is_allowed {
            return Err(TargetUriError::Host);
        }
        out.push(char::from(byte.to_ascii_lowercase()));
    }
    Ok(())
}

/// Appends the address inside of `[...]` in its shortest form (RFC 5952), as browsers write it.
fn push_ip_literal(out: &mut String, address: &str) -> Result<(), TargetUriError> {
    let address: Ipv6Addr = address.parse().map_err(|_| TargetUriError::Host)?;
    let segments = address.segments();
    let (mut longest_start, mut longest) = (0, 1);
    let mut start = 0;
    for (i, segment) in segments.iter().enumerate() {
        if *segment != 0 {
            start = i + 1;
        } else if i + 1 - start > longest {
            (longest_start, longest) = (start, i + 1 - start);
        }
    }
    let shortened = if longest > 1 {
        longest_start..longest_start + longest
    } else {
        8..8
    };
    out.push('[');
    for (i, segment) in segments.iter().enumerate() {
        if shortened.contains(&i) {
            if i == shortened.start {
                out.push_str("::");
            }
            continue;
        }
        if i > 0 && i != shortened.end {
            out.push(':');
        }
        push_hexadecimal(out, *segment);
    }
    out.push(']');
    Ok(())
}

fn push_hexadecimal(out: &mut String, number: u16) {
    let mut is_leading = true;
    for shift in [12, 8, 4, 0] {
        let digit = u32::from(number >> shift & 15);
        is_leading &= digit == 0 && shift > 0;
        if !is_leading {
            out.push(char::from_digit(digit, 16).unwrap_or('0'));
        }
    }
}

fn push_port(out: &mut String, port: &str, default_port: u16) -> Result<(), TargetUriError> {
    if port.is_empty() {
        return Ok(());
    }
    let mut number: u16 = 0;
    for byte in port.bytes() {
        if !byte.is_ascii_digit() {
            return Err(TargetUriError::Port);
        }
        number = number
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(u16::from(byte - b'0')))
            .ok_or(TargetUriError::Port)?;
    }
    if number != default_port {
        out.push(':');
        crate::text::push_decimal(out, i64::from(number));
    }
    Ok(())
}

/// Appends a path: decodes percent-encodings first (an encoded dot is a dot), then removes dot
/// segments (RFC 3986, 5.2.4). Returns whether something was needlessly encoded.
fn push_path(out: &mut String, path: &str) -> Result<bool, TargetUriError> {
    let mut is_needlessly_encoded = false;
    let start = out.len();
    let mut segment = out.len();
    // The first slash, also for an empty path.
    let mut rest = path.get(1..).unwrap_or_default();
    out.push('/');
    loop {
        let is_special = |byte| !is_plain(byte);
        let (plain, special) = rest.split_at(before(rest, is_special));
        out.push_str(plain);
        let byte = special.bytes().next();
        rest = special.get(1..).unwrap_or_default();
        match byte {
            Some(b'/') | None => {
                let is_last = byte.is_none();
                match out.get(segment + 1..) {
                    Some(".") => out.truncate(segment + 1),
                    Some("..") => {
                        let parent = out.get(start..segment).and_then(|before| before.rfind('/'));
                        out.truncate(start + parent.unwrap_or(0) + 1);
                    }
                    _ if is_last => {}
                    _ => out.push('/'),
                }
                segment = out.len() - 1;
                if is_last {
                    return Ok(is_needlessly_encoded);
                }
            }
            Some(b'%') => {
                let Ok(decoded) = percent_decoded(&mut rest.bytes()) else {
                    out.push('%');
                    continue;
                };
                rest = rest.get(2..).unwrap_or_default();
                is_needlessly_encoded |= is_unreserved(decoded) && decoded != b'~';
                if is_unreserved(decoded) && !(decoded.is_ascii_hexdigit() && is_begun(out)) {
                    out.push(char::from(decoded));
                } else {
                    out.push('%');
                    for digit in [decoded >> 4, decoded & 15] {
                        let digit = char::from_digit(u32::from(digit), 16).unwrap_or('0');
                        out.push(digit.to_ascii_uppercase());
                    }
                }
            }
            Some(_) => return Err(TargetUriError::Character),
        }
    }
}

/// Tells whether a `%` that stands for itself is followed by fewer than two hexadecimal digits so
/// far: a decoded digit would make it the encoding of something else.
fn is_begun(out: &str) -> bool {
    match out.as_bytes() {
        [.., b'%'] => true,
        [.., b'%', digit] => digit.is_ascii_hexdigit(),
        _ => false,
    }
}

/// Reads the byte of the next two hexadecimal digits.
fn percent_decoded(bytes: &mut core::str::Bytes<'_>) -> Result<u8, TargetUriError> {
    let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
    match (digit(), digit()) {
        (Some(high), Some(low)) => Ok((high << 4 | low) as u8),
        _ => Err(TargetUriError::PercentEncoding),
    }
}

/// Tells whether a byte of a path stands for itself.
const fn is_plain(byte: u8) -> bool {
    is_unreserved(byte)
        || is_sub_delimiter(byte)
        || matches!(byte, b':' | b'@' | b'|' | b'[' | b']' | b'^')
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

const fn is_sub_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
    )
}

#[cfg(feature = "verify")]
impl core::fmt::Display for TargetUriError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Scheme => "it must begin with https:// or http://",
            Self::UserInfo => "it must hold no user name or password",
            Self::Host => "its host must be a name or address in ASCII (an internationalised name in its xn-- form)",
            Self::Port => "its port must be a number up to 65535",
            Self::Character => "it holds a character that must be percent-encoded",
            Self::NeedlessEncoding => "its path percent-encodes a letter, a digit, `-`, `.` or `_`, which must be sent as they are",
            Self::PercentEncoding => "its host holds a % that is not followed by two hexadecimal digits",
        })
    }
}

#[cfg(feature = "verify")]
impl core::error::Error for TargetUriError {}

#[cfg(test)]
mod tests;
