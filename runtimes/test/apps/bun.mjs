import { handler } from "./smoke.mjs";

const { port } = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handler });
console.log(`port ${port}`);
