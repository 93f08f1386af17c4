//! Resource indicators (RFC 8707): which APIs a token is for.

use crate::{oauth_error::OAuthError, params::Params};

/// Returns the requested resources, all of which must be among `granted`. A request without any
/// gets all granted ones.
pub(crate) fn narrowed_audiences(
    params: &Params,
    granted: &[String],
) -> Result<Vec<String>, OAuthError> {
    let mut audiences: Vec<String> = Vec::new();
    for resource in params.resources() {
        if !granted.iter().any(|audience| audience == resource) {
            return Err(OAuthError::invalid_target(format!(
                "the resource `{resource}` is not one of: {}",
                granted.join(", ")
            )));
        }
        if !audiences.iter().any(|earlier| earlier == resource) {
            audiences.push(resource.into());
        }
    }
    if audiences.is_empty() {
        audiences = granted.to_vec();
    }
    Ok(audiences)
}
