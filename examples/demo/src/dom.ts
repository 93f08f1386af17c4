/** Builds an element. Text is never parsed as markup. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
    tag: Tag,
    attributes: Record<string, string | (() => void)> = {},
    ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "string") {
            element.setAttribute(name, value);
        } else {
            element.addEventListener(name, value);
        }
    }
    element.append(...children);
    return element;
}

export function mount(...children: Node[]): void {
    document.querySelector("#app")?.replaceChildren(...children);
}

/** Shortens long base64url values in the middle, so that lines stay readable. */
export function shorten(text: string): string {
    return text.replace(/[\w-]{28,}(\.[\w-]+)*/g, value =>
        value.length <= 48 ? value : `${value.slice(0, 18)}…${value.slice(-8)} (${value.length} characters)`
    );
}
