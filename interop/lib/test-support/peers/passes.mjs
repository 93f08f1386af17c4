import { definePeer } from "../../peer.mjs";

export default definePeer({
    name: "passes",
    title: versions => `A peer ${versions.keycloak}`,
    needs: [],
    async start(run) {
        await run.spawn("sleep", ["1000"]);
        return { sum: 3 };
    },
    scenarios: {
        "adds": ({ sum }, note) => note(`the sum is ${sum}`)
    }
});
