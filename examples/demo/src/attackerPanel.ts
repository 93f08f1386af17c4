import { h, shorten } from "./dom";
import { newEntries, type JournalEntry } from "./journal";
import type { Loot, Refusal } from "./loot";

type Theft = { id: string; label: string; what: string; needsProof: boolean; loot: (token: string, proof: string | undefined) => Loot };

const ME = { method: "GET", path: "/api/me" };

/**
 * Lists the thefts. `stolen` is the request that the proof was made for, so that only the replay
 * check can refuse it.
 */
function thefts(stolen: () => { method: string; path: string }): Theft[] {
    return [
        {
            id: "no-key",
            label: "Use the token without the key",
            what: "Authorization: DPoP with the stolen token, but no proof.",
            needsProof: false,
            loot: token => ({ ...ME, authorization: `DPoP ${token}`, proof: undefined })
        },
        {
            id: "bearer",
            label: "Use the token as Bearer",
            what: "This works with every token that is not bound.",
            needsProof: false,
            loot: token => ({ ...ME, authorization: `Bearer ${token}`, proof: undefined })
        },
        {
            id: "replay",
            label: "Use the token with a stolen proof",
            what: "The last request, captured in full and sent again.",
            needsProof: true,
            loot: (token, proof) => ({ ...stolen(), authorization: `DPoP ${token}`, proof })
        }
    ];
}

/**
 * Builds the attacker's view: the stolen token and proof, three ways to use them, and the result of
 * each.
 */
export function attackerPanel(): { element: HTMLElement; steal: (token: string, entry: JournalEntry | undefined) => void } {
    let token: string | undefined;
    let proof: string | undefined;
    let request = ME;
    const booty = h("p", { class: "booty" });
    const rows = thefts(() => request).map(theft => {
        const result = h("div", { class: "result" });
        const button = h("button", { class: "attack", id: `attack-${theft.id}`, click: () => void attempt() }, theft.label);
        async function attempt(): Promise<void> {
            if (token === undefined) {
                return;
            }
            button.disabled = true;
            await newEntries();
            const response = await fetch("/attacker", { method: "POST", body: JSON.stringify(theft.loot(token, proof)) });
            const refusal = (await response.json()) as Refusal;
            const entry = (await newEntries()).at(-1);
            result.replaceChildren(outcome(refusal, entry));
            button.disabled = false;
        }
        return { theft, button, row: h("li", {}, button, h("p", { class: "what" }, theft.what), result) };
    });

    function steal(newToken: string, entry: JournalEntry | undefined): void {
        token = newToken;
        proof = entry?.dpop ?? proof;
        if (entry !== undefined) {
            request = { method: entry.method, path: new URL(entry.url, __DEMO__.api).pathname };
        }
        booty.textContent = `Stolen: token ${shorten(token)}${proof === undefined ? "" : `, proof ${shorten(proof)}`}`;
        for (const { theft, button } of rows) {
            button.disabled = theft.needsProof && proof === undefined;
            button.title = button.disabled ? "Call the API first, so that there is a proof to steal." : "";
        }
    }

    for (const { button } of rows) {
        button.disabled = true;
    }
    return {
        element: h(
            "section",
            { class: "attacker" },
            h("h2", {}, "Attacker"),
            h("p", {}, "A script took the token out of this page and sent it to another machine. That machine now calls the API."),
            booty,
            h("ul", {}, ...rows.map(({ row }) => row))
        ),
        steal
    };
}

function outcome(refusal: Refusal, entry: JournalEntry | undefined): Node {
    const isRefused = refusal.status >= 400;
    return h(
        "div",
        { class: isRefused ? "outcome good" : "outcome bad" },
        h("strong", {}, isRefused ? `Refused: ${refusal.status}` : `It worked: ${refusal.status}`),
        entry?.detail == null ? "" : h("p", {}, `${entry.reason ?? ""}: ${entry.detail}`),
        refusal.challenge === "" ? "" : h("pre", {}, `WWW-Authenticate: ${refusal.challenge}`)
    );
}
