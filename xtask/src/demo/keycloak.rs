//! `cargo xtask demo --keycloak`: uses the Keycloak of the interop run, with its realm, as the
//! demo's authorization server.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Provider, origin};
use crate::java::jdk;
use crate::peers::pinned_keycloak;
use crate::process::{command, root};

/// The realm's client that has no settings for DPoP.
const CLIENT: &str = "spa";
const FILES: &str = "interop/peers/keycloak";

/// Keycloak builds itself at its first start; that can take minutes on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(300);

pub(super) fn provider(port: u16, app: &str, audience: &str) -> Result<Provider> {
    let distribution = pinned_keycloak()?;
    let files = root().join(FILES);
    let realm_file = files.join("realm.json");
    let realm = fs::read(&realm_file)
        .map_err(anyhow::Error::from)
        .and_then(|text| Ok(serde_json::from_slice::<Value>(&text)?))
        .with_context(|| realm_file.display().to_string())?;
    let mut server = command("node");
    server
        .arg(files.join("serve.mjs"))
        .arg("--distribution")
        .arg(distribution)
        .arg("--directory")
        .arg(root().join(format!("target/demo/keycloak-{port}")))
        .args(["--port", &port.to_string()])
        .args(["--app", app, "--audience", audience])
        .env("JAVA_HOME", jdk()?);
    Ok(Provider {
        issuer: format!("{}/realms/{}", origin(port), text(&realm["realm"])?),
        client_id: CLIENT,
        users: users(&realm)?,
        server,
        start_limit: START_LIMIT,
    })
}

fn users(realm: &Value) -> Result<Vec<(String, String)>> {
    realm["users"]
        .as_array()
        .context("realm.json has no users")?
        .iter()
        .map(|user| {
            let password = &user["credentials"][0]["value"];
            Ok((text(&user["username"])?, text(password)?))
        })
        .collect()
}

fn text(value: &Value) -> Result<String> {
    value
        .as_str()
        .map(str::to_owned)
        .context("realm.json lacks a name or a password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_realm_has_the_client_and_users_with_passwords() {
        let realm: Value =
            serde_json::from_str(include_str!("../../../interop/peers/keycloak/realm.json"))
                .expect("JSON");
        let names: Vec<_> = users(&realm)
            .expect("users")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["alice", "bob"]);
        let clients = realm["clients"].as_array().expect("clients");
        let client = clients.iter().find(|client| client["clientId"] == CLIENT);
        assert!(
            client
                .expect("the app's client")
                .get("attributes")
                .is_none()
        );
    }
}
