use countersign_authorization_server::{AuthorizationServer, Clock, Config};

fn error(toml: &str) -> String {
    let server = Config::from_toml(toml)
        .and_then(|config| AuthorizationServer::new(config, Clock::system()));
    let error = server.expect_err(toml).to_string();
    assert!(!error.contains('\n'), "{error}");
    error
}

fn client_error(members: &str) -> String {
    error(&format!("[[clients]]\nid = 'demo'\n{members}"))
}

#[test]
fn unknown_members_are_errors_with_their_line() {
    let told = error("port = 1\ndpop_mode = 'on'");
    assert!(told.starts_with("line 2 of the configuration"), "{told}");
    assert!(
        told.contains("unknown field `dpop_mode`, expected one of `port`"),
        "{told}"
    );
    let told = error("[[clients]]\nid = 'a'\nredirect_uri = 'http://localhost:1/'");
    assert!(told.contains("unknown field `redirect_uri`"), "{told}");
    let told = error("[[users]]\nsub = 'a'\npassword = 'b'");
    assert!(told.contains("unknown field `password`"), "{told}");
}

#[test]
fn values_of_another_kind_are_errors() {
    assert!(error("dpop = 'maybe'").contains("unknown variant `maybe`"));
    assert!(error("access_token_typ = 'jwt'").contains("expected `at+jwt` or `JWT`"));
    assert!(error("access_token_lifetime_seconds = -1").contains("-1"));
    assert!(error("port = 70000").contains("70000"));
    assert!(error("[[clients]]\nid = 'a'").contains("missing field `redirect_uris`"));
    assert!(error("port =").starts_with("line 1"));
}

#[test]
fn a_url_that_is_none_is_named() {
    for (toml, value) in [
        ("issuer = 'localhost'", "`localhost` can't be an issuer"),
        (
            "issuer = 'http://localhost:1?a'",
            "`http://localhost:1?a` can't be an issuer",
        ),
        (
            "allowed_origins = ['http://localhost:1/']",
            "`http://localhost:1/` is not an origin",
        ),
        ("allowed_origins = ['*']", "`*` is not an origin"),
    ] {
        assert!(error(toml).starts_with(value), "{}", error(toml));
    }
    for uri in [
        "",
        "localhost",
        "/cb",
        "http://localhost/#a",
        "javascript:alert(1)",
        "com.x:/cb",
    ] {
        let told = client_error(&format!("redirect_uris = ['{uri}']"));
        assert!(
            told.starts_with(&format!("`{uri}` can't be a redirect URI")),
            "{told}"
        );
    }
    let base = "redirect_uris = ['http://localhost:1/']";
    let told = client_error(&format!("{base}\npost_logout_redirect_uris = ['bye']"));
    assert!(told.starts_with("`bye` can't be a redirect URI"), "{told}");
    let told = client_error(&format!("{base}\naudiences = ['api']"));
    assert!(
        told.starts_with("`api` can't be an audience of the client `demo`"),
        "{told}"
    );
    let told = client_error(&format!("{base}\nscopes = ['a b']"));
    assert!(told.starts_with("`a b` can't be a scope"), "{told}");
}

#[test]
fn what_could_be_no_registration_is_refused() {
    let client = "[[clients]]\nid = 'a'\nredirect_uris = ['http://localhost:1/']\n";
    assert!(error(&client.repeat(2)).starts_with("two clients have the id `a`"));
    let told = error("[[clients]]\nid = ''\nredirect_uris = ['http://localhost:1/']");
    assert!(told.starts_with("`` can't be a client's id"), "{told}");
    let told = client_error("redirect_uris = []");
    assert!(
        told.starts_with("the client `demo` has no redirect URI"),
        "{told}"
    );
    assert!(error(&"[[users]]\nsub = 'a'\n".repeat(2)).starts_with("two users have the `sub` `a`"));
    assert!(error("[[users]]\nsub = ''").starts_with("`` can't be a user's `sub`"));
    let told = error("access_token_lifetime_seconds = 0");
    assert_eq!(
        told,
        "`access_token_lifetime_seconds` is 0; give at least 1 second"
    );
}

#[test]
fn an_audience_is_added_to_one_client_or_to_all() {
    let mut config = Config::default();
    config.add_audience(None, "urn:a").expect("added");
    config.add_audience(Some("demo"), "urn:b").expect("added");
    assert_eq!(config.clients[0].audiences, ["urn:a", "urn:b"]);
    let error = config
        .add_audience(Some("ghost"), "urn:c")
        .expect_err("no such client");
    assert_eq!(
        error.to_string(),
        "there is no client `ghost` for the audience `urn:c`; write CLIENT=URI with one of: demo"
    );
}

#[test]
fn the_issuer_follows_the_port() {
    let issuer = |toml| {
        let config = Config::from_toml(toml).expect("TOML");
        let server = AuthorizationServer::new(config, Clock::system()).expect("a server");
        server.issuer().to_owned()
    };
    assert_eq!(issuer(""), "http://localhost:9441");
    assert_eq!(issuer("port = 9999"), "http://localhost:9999");
    assert_eq!(
        issuer("port = 9999\nissuer = 'http://localhost:1/'"),
        "http://localhost:1/"
    );
}
