/** What the entry loads. `createOidc` stands here so that bundlers put the core into one file. */
export { createOidc } from "./createOidc.js";
export { getEngine } from "./engine.js";
