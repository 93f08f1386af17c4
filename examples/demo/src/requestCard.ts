import type { Written } from "./calls";
import { h, shorten } from "./dom";
import type { JournalEntry } from "./journal";

/** Shows one call: what the app wrote, beside each request that reached the API for it. */
export function requestCard(written: Written, wire: JournalEntry[], status: number, answer: string): HTMLDetailsElement {
    return h(
        "details",
        { class: "request", open: "" },
        h(
            "summary",
            {},
            h("strong", {}, `${written.method} ${written.path} `),
            h("span", { class: "how" }, written.how),
            h("span", { class: status < 400 ? "badge good" : "badge bad" }, String(status))
        ),
        h(
            "div",
            { class: "beside" },
            h("div", {}, h("h4", {}, "As the app wrote it"), h("pre", {}, asWritten(written))),
            h(
                "div",
                {},
                h("h4", {}, wire.length > 1 ? `On the wire (${wire.length} requests)` : "On the wire"),
                ...wire.map(entry => h("pre", {}, onTheWire(entry)))
            )
        ),
        h("p", { class: "answer" }, answer === "" ? "(no body)" : answer)
    );
}

function asWritten(written: Written): string {
    const lines = [`${written.method} ${written.path}`, ...written.headers.map(([name, value]) => `${name}: ${shorten(value)}`)];
    return written.body === "" ? lines.join("\n") : [...lines, "", written.body].join("\n");
}

export function onTheWire(entry: JournalEntry): string {
    const lines = [`${entry.method} ${new URL(entry.url, __DEMO__.api).pathname}`];
    if (entry.authorization !== null) {
        lines.push(`Authorization: ${shorten(entry.authorization)}`);
    }
    if (entry.dpop !== null) {
        lines.push(`DPoP: ${shorten(entry.dpop)}`);
    }
    lines.push("", entry.outcome === "accepted" ? `→ ${entry.status} accepted` : `→ ${entry.status} ${entry.reason ?? "refused"}`);
    return lines.join("\n");
}
