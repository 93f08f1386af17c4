use std::ops::Deref;

use http::{HeaderName, HeaderValue, request::Parts};

/// The values of all fields of one name. Mostly there is one, and nothing is allocated.
pub(super) enum Fields<'a> {
    One([&'a [u8]; 1]),
    Other(Vec<&'a [u8]>),
}

impl<'a> Fields<'a> {
    pub(super) fn of(parts: &'a Parts, name: HeaderName) -> Self {
        let mut fields = parts.headers.get_all(name).iter();
        match (fields.next(), fields.next()) {
            (Some(one), None) => Self::One([one.as_bytes()]),
            (first, second) => {
                let all = first.into_iter().chain(second).chain(fields);
                Self::Other(all.map(HeaderValue::as_bytes).collect())
            }
        }
    }
}

impl<'a> Deref for Fields<'a> {
    type Target = [&'a [u8]];

    fn deref(&self) -> &Self::Target {
        match self {
            Self::One(one) => one,
            Self::Other(other) => other,
        }
    }
}
