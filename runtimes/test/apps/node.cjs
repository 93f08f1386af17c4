// CommonJS, in Node.
const { createServer } = require("node:http");
const { authenticateIncoming, createResourceServer } = require("countersign/server");

import("./options.mjs").then(({ options }) => {
    const server = createResourceServer(options);
    const listener = createServer(async (request, response) => {
        const auth = await authenticateIncoming(server, request, response);
        auth && response.end(`${auth.scheme} ${auth.claims.sub}`);
    });
    listener.listen(0, "127.0.0.1", () => console.log(`port ${listener.address().port}`));
});
