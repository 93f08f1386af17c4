/**
 * Tells the browser early what a page will need, in its HTML. Each of these saves a round trip: the
 * files that early init imports (core, engine and app) and the one that an adapter imports, a
 * connection to the issuer, and its discovery document.
 */
import type { HtmlTagDescriptor } from "vite";

/** A chunk or asset of a build, as far as it is read here. */
interface Output {
    type: "chunk" | "asset";
    fileName: string;
    imports?: string[];
    dynamicImports?: string[];
    moduleIds?: string[];
    source?: string | Uint8Array;
}
type Bundle = Record<string, Output>;

/** The engine in JavaScript, which early init imports only where WebAssembly is refused. */
const SCRIPT_ENGINE = /[\\/]dist[\\/]engine[\\/]script\.js$/;

/** What an adapter imports when it needs a client: a chunk of its own, if nothing else imports it. */
const CORE = /[\\/]dist[\\/]core\.js$/;

/** The hidden iframe, which is 0 pixels wide, needs nothing but early init. */
const MEDIA = "(min-width: 1px)";

/**
 * Returns the links for an issuer. The engine's request (`engine/host.ts`) is the one that the
 * preload has begun: same URL, mode and credentials.
 */
export function issuerHints(issuerUri: string): HtmlTagDescriptor[] {
    const link = (attrs: Record<string, string>): HtmlTagDescriptor => ({ tag: "link", attrs, injectTo: "head-prepend" });
    const document = `${issuerUri.replace(/\/$/, "")}/.well-known/openid-configuration`;
    return [
        // The hidden iframe sends cookies, so it uses another connection than the preload.
        ...(issuerUri.startsWith("/") ? [] : [link({ rel: "preconnect", href: new URL(issuerUri).origin })]),
        link({ rel: "preload", as: "fetch", crossorigin: "anonymous", media: MEDIA, href: document })
    ];
}

/**
 * Adds to each page of a build what its entry imports later. `hasWebAssembly`: the engine is not the
 * one in JavaScript.
 */
export function addModulePreloads(bundle: Bundle, hasWebAssembly: boolean): void {
    for (const page of Object.values(bundle)) {
        if (page.type === "asset" && page.fileName.endsWith(".html")) {
            page.source = withModulePreloads(`${page.source}`, bundle, hasWebAssembly);
        }
    }
}

function withModulePreloads(html: string, bundle: Bundle, hasWebAssembly: boolean): string {
    for (const script of html.matchAll(/<script type="module"([^>]*?) src="([^"]*)"[^>]*>/g)) {
        const [tag, attributes, src] = script as unknown as [string, string, string];
        const entry = Object.values(bundle).find(({ type, fileName }) => type === "chunk" && src.endsWith(`/${fileName}`));
        if (entry) {
            // Wherever the files are by Vite's `base`.
            const base = src.slice(0, -entry.fileName.length);
            const early = withImports([entry.fileName], bundle);
            const imported = early.flatMap(file => bundle[file]?.dynamicImports ?? []);
            const wanted = imported.filter(file => !hasWebAssembly || !bundle[file]?.moduleIds?.some(id => SCRIPT_ENGINE.test(id)));
            const doors = Object.values(bundle).filter(
                ({ moduleIds, imports }) => moduleIds?.length === 1 && CORE.test(moduleIds[0]!) && imports?.some(file => early.includes(file))
            );
            const later = [...withImports(wanted, bundle), ...doors.map(({ fileName }) => fileName)];
            const crossorigin = attributes.includes("crossorigin") ? " crossorigin" : "";
            const nonce = / nonce="[^"]*"/.exec(tag)?.[0] ?? "";
            const links = later
                .filter(file => !early.includes(file))
                .map(file => `<link rel="modulepreload"${crossorigin}${nonce} media="${MEDIA}" href="${base}${file}">\n`);
            return html.slice(0, script.index) + links.join("") + html.slice(script.index);
        }
    }
    return html;
}

/** Returns the files and what they import statically. */
function withImports(files: string[], bundle: Bundle): string[] {
    const all = new Set(files);
    // A set that grows is iterated to its new end.
    all.forEach(file => bundle[file]?.imports?.forEach(imported => all.add(imported)));
    return [...all];
}
