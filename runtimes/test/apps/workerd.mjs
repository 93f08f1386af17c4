import { handler } from "./smoke.mjs";

export default { fetch: handler };
