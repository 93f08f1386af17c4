/**
 * The native functions that early init saved (`page/natives.ts`), in the form that the core and the
 * engine use.
 */
import type { EngineHost, EngineHostClasses } from "../engine/interface.js";
import { freeze, Module, page, saved } from "../page/natives.js";

export { saved };

/** The accessors of a Request, by name. */
export const requestMembers: { readonly [name: PropertyKey]: unknown } = saved.Request;
export const { fetchOf, Proxy: NativeProxy } = page;

type Append = (self: FormData, name: string, value: FormDataEntryValue) => void;
export const formDataAppend = saved.FormData.append as Append;
export const NativeWeakMap: WeakMapConstructor = saved.WeakMap.constructor;
export const weakMapGet = saved.WeakMap.get as <K extends WeakKey, V>(map: WeakMap<K, V>, key: K) => V | undefined;
export const weakMapSet = saved.WeakMap.set as <K extends WeakKey, V>(map: WeakMap<K, V>, key: K, value: V) => void;

const encoder = new saved.TextEncoder.constructor();
const decoder = new saved.TextDecoder.constructor();

/** Everything of the page that the engine uses. */
export const natives = freeze<EngineHost>({
    ...page,
    ...(saved as unknown as EngineHostClasses),
    __proto__: null as null,
    // `undefined` in an insecure context.
    subtle: (saved.Crypto.subtle as typeof saved.Crypto.subtle | undefined)?.(page.crypto),
    parseUrl: text => {
        const url = new saved.URL.constructor(text);
        return { origin: saved.URL.origin(url), path: saved.URL.pathname(url), href: saved.RegExp.exec(/^[^#]*/, saved.URL.href(url))![0] };
    },
    encodeInto: (text, bytes) => saved.TextEncoder.encodeInto(encoder, text, bytes),
    decode: bytes => saved.TextDecoder.decode(decoder, bytes),
    instantiate: (bytes, imports) => saved.Instance.exports(new saved.Instance.constructor(new Module(bytes), imports))
});
