//! Request parameters of a query or a form body (RFC 6749, 3.1 and 3.2). Empty ones count as
//! absent, and none may come twice.

use url::form_urlencoded;

/// The parameters of one request, as they came. They have no `Debug`, since they include codes,
/// verifiers and tokens.
pub(crate) struct Params(Vec<(String, String)>);

/// The parameter that may come several times (RFC 8707, 2).
const RESOURCE: &str = "resource";

impl Params {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(encoded)
                .into_owned()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }

    /// Returns the parameter's first value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    }

    /// Returns the parameter's values in the order in which they came.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let same = self.0.iter().filter(move |(known, _)| known == name);
        same.map(|(_, value)| &**value)
    }

    pub(crate) fn resources(&self) -> impl Iterator<Item = &str> {
        self.all(RESOURCE)
    }

    /// Tells whether this parameter came more than once.
    pub(crate) fn is_repeated(&self, name: &str) -> bool {
        let same = self.0.iter().filter(|(known, _)| known == name);
        same.count() > 1
    }

    /// Returns a parameter that came more than once although it must not.
    pub(crate) fn repeated(&self) -> Option<&str> {
        self.0
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| *name != RESOURCE && self.is_repeated(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_parameter_is_absent() {
        let params = Params::parse(b"state=&scope=a+b%20c");
        assert_eq!(params.get("state"), None);
        assert_eq!(params.get("scope"), Some("a b c"));
    }

    #[test]
    fn only_resource_may_come_twice() {
        let params = Params::parse(b"resource=a&resource=b&scope=c");
        assert_eq!(params.repeated(), None);
        assert_eq!(params.resources().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(Params::parse(b"a=1&b=2&a=1").repeated(), Some("a"));
    }
}
