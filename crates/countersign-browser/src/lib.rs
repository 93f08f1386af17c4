//! The Platform for browsers and the exported WebAssembly engine: a small hand-written boundary.
