/**
 * For the script of a dedicated worker, before everything else: `import "countersign/worker";`.
 * Then `oidc.connectWorker(worker, { origins })` in the page lets the worker's `fetch` and
 * `XMLHttpRequest` send the client's access tokens as DPoP. The engine stays in the page.
 */
import { startWorker } from "./worker/start.js";

startWorker();
