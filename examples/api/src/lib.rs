//! A notes API protected by `countersign-resource-server`. It is a library so that its tests need
//! no sockets. It shows what an application writes (its routes, one layer, one extractor) and
//! serves the demo. Notes are kept in memory.

#![forbid(unsafe_code)]

mod app;
mod files;
mod journal;
mod listen;
mod live;
mod notes;
mod options;

pub use app::{app, resource_server, router};
pub use journal::{Entry, Journal, Outcome};
pub use listen::serve;
pub use options::{AccessTokensOption, DpopOption, Options};
