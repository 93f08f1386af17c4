//! A notes API protected by `countersign-resource-server`.
fn main() {}
