import path from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../../../../", import.meta.url)).replace(/\/$/, "");
export const packageRoot = path.join(repository, "packages/countersign");
/** The sources of the test apps. */
export const apps = fileURLToPath(new URL("../apps", import.meta.url));
