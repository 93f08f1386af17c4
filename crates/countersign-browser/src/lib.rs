//! The engine for browsers: the `Platform` of [`countersign_client`] over WebCrypto, `fetch` and
//! IndexedDB, behind a small hand-written boundary.
//!
//! The other side of the boundary is `packages/countersign/src/engine/boundary.ts`. Both sides pass
//! numbers as arguments and strings as messages: bytes in linear memory, each field ended by a byte
//! that UTF-8 never contains ([`message`]). A message is written in the same turn as the call that
//! announces it.
//!
//! The boundary is worth its lines: a prototype of the whole engine took 30,337 bytes gzipped with
//! wasm-bindgen and its glue, and 16,192 with a boundary and an executor written by hand.
//!
//! Code that runs in WebAssembly only is under `cfg(target_arch = "wasm32")`. The codec, the
//! allocator's logic and the executor are tested natively. This is the only crate with `unsafe`
//! code: the boundary's imports and exports, the allocator, a waker without atomics, and tasks
//! without code for dropping them midway.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![allow(unsafe_code)] // see above; every block says why it is sound

extern crate alloc;

pub mod arena;
pub mod message;
pub mod numbers;

#[cfg(target_arch = "wasm32")]
mod engine;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod machine;
#[cfg(any(target_arch = "wasm32", test))]
mod tasks;
