import type { Oidc } from "countersign/core";
import { attackerPanel } from "./attackerPanel";
import { calls, type Call } from "./calls";
import { h } from "./dom";
import { newEntries, type JournalEntry } from "./journal";
import { requestCard } from "./requestCard";
import { tokenAndProof } from "./tokenAndProof";

export function loggedInPage(oidc: Oidc.LoggedIn): Node {
    const claims = oidc.getDecodedIdToken();
    const requests = h("div", { id: "requests" }, h("p", { class: "empty" }, "No request yet. Press a button above."));
    const decoded = h("div", { class: "decoded" });
    const attacker = attackerPanel();
    const buttons = calls.map(call => h("button", { click: () => void perform(call) }, call.label));
    const renew = h("button", { click: () => void busy(async () => oidc.renewTokens()) }, "Renew the tokens");
    const status = h("p", { class: "status", role: "status" });

    async function perform(call: Call): Promise<void> {
        await busy(async () => {
            const { accessToken } = await oidc.getTokens();
            await newEntries();
            const { written, status, answer } = await call.run(accessToken);
            const wire = await newEntries();
            requests.querySelector(".empty")?.remove();
            // Only the newest stays open; the others fold to one line, so that the list is easy to
            // scan.
            requests.querySelector("details[open]")?.removeAttribute("open");
            requests.prepend(requestCard(written, wire, status, answer));
            const last = wire.at(-1);
            if (last !== undefined) {
                await show(accessToken, last);
            }
        });
    }

    async function show(accessToken: string, entry: JournalEntry): Promise<void> {
        decoded.replaceChildren(await tokenAndProof(accessToken, entry.dpop));
        attacker.steal(accessToken, entry);
    }

    async function busy(action: () => Promise<void>): Promise<void> {
        for (const button of [...buttons, renew]) {
            button.disabled = true;
        }
        status.textContent = "";
        try {
            await action();
        } catch (error) {
            status.textContent = error instanceof Error ? error.message : String(error);
        }
        for (const button of [...buttons, renew]) {
            button.disabled = false;
        }
    }

    void oidc.getTokens().then(async ({ accessToken }) => {
        decoded.replaceChildren(await tokenAndProof(accessToken, null));
        attacker.steal(accessToken, undefined);
    });

    return h(
        "div",
        { class: "page" },
        h(
            "header",
            {},
            h("h1", {}, "Countersign demo"),
            h(
                "p",
                { class: "account" },
                "Logged in as ",
                h("strong", { id: "user" }, String(claims["name"] ?? claims["sub"])),
                " ",
                h("button", { id: "logout", click: () => void oidc.logout({ redirectTo: "home" }) }, "Log out")
            )
        ),
        h(
            "main",
            { class: "columns" },
            h(
                "section",
                { class: "calls" },
                h("h2", {}, "Call the API"),
                h("div", { class: "buttons" }, ...buttons, renew),
                status,
                requests
            ),
            attacker.element,
            h("section", { class: "inside" }, h("h2", {}, "Token and proof"), decoded)
        )
    );
}
