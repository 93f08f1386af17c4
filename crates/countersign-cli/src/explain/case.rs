//! One line of input: a request, and the policy and time of the decision.

use countersign::{UnixSeconds, crypto::Algorithm, jose::json::parse_object};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, value::RawValue};

/// The name of a case. The answer repeats it as it came.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Name {
    Text(String),
    Number(Number),
}

pub(super) struct Case {
    pub(super) name: Name,
    pub(super) now: UnixSeconds,
    pub(super) policy: Policy,
    pub(super) request: Request,
}

/// The configuration of a resource server.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) issuer: String,
    pub(super) audience: String,
    /// The key set as JSON text.
    pub(super) jwks: String,
    pub(super) requires_dpop: bool,
    /// Whether tokens of any type and lifetime are accepted.
    pub(super) lenient_tokens: bool,
    /// The nonce that every proof needs.
    pub(super) nonce: Option<String>,
    /// The algorithms that proofs may have; `None`: the default ones.
    pub(super) algorithms: Option<Vec<Algorithm>>,
    /// Whether proofs may have RSA keys that are slow to verify with.
    pub(super) takes_costly_rsa_keys: bool,
}

/// A request as it was sent, not yet known to be HTTP.
#[derive(Clone, Deserialize)]
pub(super) struct Request {
    pub(super) method: String,
    /// The URL that the client called, absolute.
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
}

/// A line that can't be used, with its name if that could be read.
#[derive(Debug)]
pub(super) struct Unusable {
    pub(super) name: Option<Name>,
    pub(super) why: String,
}

/// The line's members, unparsed: a member that is not used may have any depth.
#[derive(Default, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    now: Option<&'a RawValue>,
    #[serde(borrow)]
    policy: Option<&'a RawValue>,
    #[serde(borrow)]
    request: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawPolicy<'a> {
    issuer: String,
    audience: String,
    #[serde(borrow)]
    jwks: &'a RawValue,
    dpop: Requirement,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    algorithms: Option<Vec<String>>,
    #[serde(default, rename = "costlyRsaKeys")]
    costly_rsa_keys: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Requirement {
    Optional,
    Required,
}

impl Case {
    pub(super) fn parse(line: &[u8]) -> Result<Self, Unusable> {
        let unnamed = |why: String| Unusable { name: None, why };
        let line = std::str::from_utf8(line)
            .map_err(|error| unnamed(format!("the line is not UTF-8: {error}")))?;
        let line: Line<'_> =
            object(line).map_err(|why| unnamed(format!("the line is not usable: {why}")))?;
        let name = line
            .name
            .and_then(|name| serde_json::from_str::<Name>(name.get()).ok());
        match Self::of(&line, name.clone()) {
            Ok(case) => Ok(case),
            Err(why) => Err(Unusable { name, why }),
        }
    }

    fn of(line: &Line<'_>, name: Option<Name>) -> Result<Self, String> {
        let name = name.ok_or("the line has no `name`: a string, or a number")?;
        let now = line.now.and_then(|now| whole_seconds(now.get()));
        let now = now.ok_or("the line has no `now`: whole seconds since 1970")?;
        let policy: RawPolicy<'_> = member("policy", line.policy)?;
        if !is_key_set(policy.jwks) {
            return Err("the policy's `jwks` is not a JSON Web Key Set".to_owned());
        }
        let algorithms = policy.algorithms.as_deref().map(algorithms).transpose()?;
        Ok(Self {
            name,
            now: UnixSeconds(now),
            policy: Policy {
                issuer: policy.issuer,
                audience: policy.audience,
                jwks: policy.jwks.get().to_owned(),
                requires_dpop: matches!(policy.dpop, Requirement::Required),
                // A requirement that the policy does not state is not applied to the token.
                lenient_tokens: true,
                nonce: policy.nonce,
                algorithms,
                takes_costly_rsa_keys: policy.costly_rsa_keys,
            },
            request: member("request", line.request)?,
        })
    }
}

/// Reads algorithms from their names in `alg`.
///
/// # Errors
/// Says which name is unknown.
pub(super) fn algorithms(names: &[String]) -> Result<Vec<Algorithm>, String> {
    let algorithm = |name: &String| {
        let unknown = || format!("`{name}` is not an algorithm that proofs can have here");
        Algorithm::from_name(name).ok_or_else(unknown)
    };
    names.iter().map(algorithm).collect()
}

fn member<'a, T: Deserialize<'a>>(name: &str, value: Option<&'a RawValue>) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("the line has no `{name}`"))?;
    object(value.get()).map_err(|why| format!("the line's `{name}` is not usable: {why}"))
}

/// serde would accept an array for a structure, too.
fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    if !text.trim_start().starts_with('{') {
        return Err("it is not a JSON object".to_owned());
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Reads a JSON number that is an integer, however it is written.
fn whole_seconds(text: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53: beyond it not every integer is a float
    let number: Number = serde_json::from_str(text).ok()?;
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
    })
}

fn is_key_set(jwks: &RawValue) -> bool {
    let set = parse_object(jwks.get().as_bytes());
    set.is_ok_and(|set| set.get("keys").is_some_and(Value::is_array))
}
