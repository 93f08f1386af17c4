import { definePeer } from "../../peer.mjs";

export default definePeer({
    name: "hangs",
    title: () => "A peer that is at work until it is interrupted",
    needs: [],
    async start(run) {
        // The program, and one that it starts.
        const { output } = await run.spawn("sh", ["-c", "sleep 1000 & echo $! $$; wait"], { ready: /\d+ \d+/ });
        console.log(`started ${output().trim()}`);
    },
    scenarios: {
        "never ends": () => new Promise(() => undefined)
    }
});
