//! The parameter `prompt` (OpenID Connect Core, 3.1.2.1).

/// When the login page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// Shown when nobody is logged in.
    WhenNeeded,
    /// Never shown.
    None,
    /// Shown in any case.
    Always,
}

impl Prompt {
    pub(crate) const NAMES: [&str; 4] = ["none", "login", "consent", "select_account"];

    /// Reads the parameter's value, a list separated by blanks. An unknown value is an error, and
    /// so is `none` with others.
    pub(crate) fn parse(value: Option<&str>) -> Result<Self, String> {
        let mut prompt = Self::WhenNeeded;
        for name in value
            .unwrap_or_default()
            .split(' ')
            .filter(|n| !n.is_empty())
        {
            if !Self::NAMES.contains(&name) {
                return Err(format!(
                    "prompt `{name}` is not supported; use one of: {}",
                    Self::NAMES.join(", ")
                ));
            }
            // This server has one page for all of them: choosing a user is logging in and
            // consenting.
            let next = if name == "none" {
                Self::None
            } else {
                Self::Always
            };
            if prompt != Self::WhenNeeded && (prompt == Self::None || next == Self::None) {
                return Err("prompt `none` stands alone; leave out the other values".to_owned());
            }
            prompt = next;
        }
        Ok(prompt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_stands_alone() {
        assert_eq!(Prompt::parse(None), Ok(Prompt::WhenNeeded));
        assert_eq!(Prompt::parse(Some("none")), Ok(Prompt::None));
        assert_eq!(Prompt::parse(Some("login consent")), Ok(Prompt::Always));
        assert!(Prompt::parse(Some("none login")).is_err());
        assert!(Prompt::parse(Some("login none")).is_err());
        assert!(Prompt::parse(Some("create")).is_err());
    }
}
