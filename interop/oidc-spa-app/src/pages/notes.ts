import type { Oidc } from "oidc-spa/core";
import { addNote, listNotes, whoAmI } from "../api";
import { button, element, showError } from "../dom";
import type { Claims } from "../oidc";
import { session } from "./session";

export function notes(user: Oidc.LoggedIn<Claims>): HTMLElement {
    const list = element("ul", { id: "notes" });
    const input = element("input", { id: "text", value: "a note" });
    const me = element("output", { id: "me" });
    const show = async (): Promise<void> => {
        const items = (await listNotes(user)).map(({ text }) => element("li", {}, text));
        list.replaceChildren(...items);
        list.dataset["count"] = `${items.length}`;
    };
    show().catch(showError);
    return element(
        "main",
        {},
        element("h1", {}, "Notes"),
        list,
        input,
        button("Add", async () => {
            await addNote(user, input.value);
            await show();
        }),
        button("Who am I?", async () => {
            me.value = await whoAmI(user);
        }),
        me,
        session(user)
    );
}
