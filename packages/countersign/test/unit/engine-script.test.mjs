// The engine in JavaScript passes the tests of the engine in WebAssembly, in a realm that has lost every global: other
// scripts may have changed them by the time it runs.
process.env.ENGINE = "javascript";
await import("./engine.test.mjs");
