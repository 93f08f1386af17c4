//! The endpoints, one file each. They share [`ServerState`](crate::state::ServerState) and know
//! nothing of each other; [`router`](crate::router) says which path leads to which.

pub(crate) mod authorize;
pub(crate) mod discovery;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod pushed;
pub(crate) mod token;
pub(crate) mod userinfo;
