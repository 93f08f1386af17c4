/** Creates elements, without a framework. */

export function element<Name extends keyof HTMLElementTagNameMap>(
    name: Name,
    properties: Partial<HTMLElementTagNameMap[Name]>,
    ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
    const created = Object.assign(document.createElement(name), properties);
    created.append(...children);
    return created;
}

/** Creates a button. A failure of its action is shown to the user. */
export function button(label: string, act: () => Promise<void>): HTMLButtonElement {
    return element("button", { type: "button", onclick: () => void act().catch(showError) }, label);
}

/** Creates a table row of a name and a value that may change. */
export function row(name: string, value: string, id: string): { line: HTMLElement; set: (value: string) => void } {
    const cell = element("td", { id }, value);
    return { line: element("tr", {}, element("th", {}, name), cell), set: value => void (cell.textContent = value) };
}

export function showError(error: unknown): void {
    const alert = element("p", {}, error instanceof Error ? error.message : String(error));
    alert.setAttribute("role", "alert");
    document.querySelector("#app")?.append(alert);
}
