import { h } from "./dom";
import { decodeJwt, thumbprint } from "./jwt";

/**
 * Shows the access token and the latest proof, decoded, with the one value that ties them together.
 */
export async function tokenAndProof(accessToken: string, proof: string | null): Promise<Node> {
    const token = decodeJwt(accessToken);
    const jkt = (token.payload["cnf"] as { jkt?: string } | undefined)?.jkt;
    const container = h("div", {});
    container.append(
        h(
            "p",
            { class: jkt === undefined ? "note bad" : "note" },
            jkt === undefined
                ? "This server issued a Bearer token: anyone who has it can use it."
                : "The token names its key (cnf.jkt). Only a proof signed with that key makes it usable."
        ),
        h("h4", {}, "Access token"),
        h("pre", {}, JSON.stringify(token.payload, null, 2))
    );
    if (proof === null) {
        container.append(h("p", { class: "empty" }, "Call the API to see a proof."));
        return container;
    }
    const decoded = decodeJwt(proof);
    const signedBy = await thumbprint((decoded.header["jwk"] ?? {}) as Record<string, unknown>);
    container.append(
        h("h4", {}, "Proof of the last request: header"),
        h("pre", {}, JSON.stringify(decoded.header, null, 2)),
        h("h4", {}, "Proof of the last request: claims"),
        h("pre", {}, JSON.stringify(decoded.payload, null, 2)),
        h(
            "p",
            { class: "note" },
            `Thumbprint of the proof's key: ${signedBy}${signedBy === jkt ? ", the same as cnf.jkt." : ", which is not cnf.jkt."}`
        )
    );
    return container;
}
