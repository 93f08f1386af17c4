/**
 * node interop/summary.mjs: writes the README's table of what was tested with what. Run it after
 * changing a pin or a peer.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { repository } from "../packages/countersign/test/browser/harness/paths.mjs";
import { definitions, summary, withSummary } from "./lib/summary.mjs";

const file = path.join(repository, "README.md");
await writeFile(file, withSummary(await readFile(file, "utf8"), summary(await definitions())));
