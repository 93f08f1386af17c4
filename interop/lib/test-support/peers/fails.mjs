import { definePeer } from "../../peer.mjs";

export default definePeer({
    name: "fails",
    title: () => "A peer that fails",
    needs: ["keycloak"],
    start: async () => ({}),
    scenarios: {
        "passes": async () => undefined,
        "throws": async () => {
            throw new Error("the reason");
        },
        "leaves a promise alone": async () => {
            void Promise.reject(new Error("left alone"));
            await new Promise(resolve => setTimeout(resolve, 50));
        }
    }
});
