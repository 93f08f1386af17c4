// An API that runs in any of the runtimes: its handler takes a `Request`.
import { createResourceServer } from "countersign/server";
import { options } from "./options.mjs";

const server = createResourceServer(options);

export const handler = async request => {
    const decision = await server.authenticate(request);
    if (!decision.isAccepted) {
        return decision.response();
    }
    return new Response(`${decision.scheme} ${decision.claims.sub}`);
};
