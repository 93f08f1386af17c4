/**
 * An attacker's script in the page: it imports every module that the page has loaded, walks their
 * exports, calls what can be called, and replaces what can be replaced. Add it as an init script.
 * That only prepares it, so that it knows the platform's own functions from before any other
 * script.
 */
export function intruder() {
    if (!isSecureContext || window.intrude) {
        return;
    }
    const { ownKeys, getPrototypeOf, getOwnPropertyDescriptor, defineProperty } = Reflect;
    const later = setTimeout.bind(window);
    const isObject = value => (typeof value === "object" && value !== null) || typeof value === "function";
    const platform = new WeakSet();
    const rest = [window, document, navigator, crypto, crypto.subtle, indexedDB, sessionStorage, localStorage];
    while (rest.length > 0) {
        const value = rest.pop();
        if (!isObject(value) || platform.has(value)) {
            continue;
        }
        platform.add(value);
        rest.push(getPrototypeOf(value));
        for (const key of ownKeys(value)) {
            const descriptor = getOwnPropertyDescriptor(value, key);
            rest.push(descriptor.value, descriptor.get, descriptor.set);
        }
    }

    /** What was found, and where. */
    const found = { keys: [], changed: [], engines: [], strings: {}, visited: 0 };
    const seen = new WeakSet();
    const patience = (promise, milliseconds) => Promise.race([promise, new Promise(resolve => later(resolve, milliseconds))]);
    /** Functions that would leave the page, or keep it from being left. */
    const LEFT_ALONE = /\.(reload|goTo|takeLeave|leaveForLogin|startAnew|logOut|watchActivity|onHintOfOtherTab)$/;
    /** The modules with the words of error messages. */
    const WORDS = /\/(?:sentences|catalogue|optionWords)[^/]*\.js/;
    const isModule = value => Object.prototype.toString.call(value) === "[object Module]";

    const loadedModules = () => {
        const scripts = [...document.scripts].map(script => script.src);
        const loaded = performance.getEntriesByType("resource").map(entry => entry.name);
        return [...new Set([...scripts, ...loaded])].filter(
            url => url.startsWith(location.origin) && /\.[jt]s(\?|$)/.test(url) && !url.includes("@vite/client")
        );
    };

    /** Returns every export by its name, in Vite's dev server, where modules have names. */
    window.exportsOfAll = async () => {
        const all = { __proto__: null };
        for (const url of loadedModules()) {
            const module = await patience(import(url).catch(() => undefined), 300);
            for (const name in module) {
                all[name === "default" ? "bytes" : name] = module[name];
            }
        }
        return all;
    };

    window.intrude = async ({ code } = {}) => {
        const queue = [];
        const spyFor = path => (...values) => values.forEach(value => queue.push([value, `${path}(callback)`, false]));
        const urls = loadedModules();
        found.urls = urls.length;
        for (const url of urls) {
            const module = await patience(import(url).catch(() => undefined), 300);
            module && queue.push([module, url.replace(location.origin, ""), true]);
        }
        const exported = [];
        let steps = 0;
        while (queue.length > 0 && steps < 5_000) {
            const [value, path, isExported] = queue.shift();
            steps += 1;
            if (typeof value === "string") {
                if (value.length >= 16 && value.length < 4_000) {
                    found.strings[value] = path;
                }
                continue;
            }
            if (!isObject(value) || seen.has(value) || platform.has(value) || path.length > 300) {
                continue;
            }
            seen.add(value);
            found.visited += 1;
            // In a frame, Firefox gives another object for the same storage each time.
            if (Object.prototype.toString.call(value) === "[object Storage]") {
                continue;
            }
            if (Object.prototype.toString.call(value) === "[object CryptoKey]") {
                found.keys.push(path);
                continue;
            }
            if (Object.prototype.toString.call(value) === "[object Promise]") {
                queue.push([await patience(Promise.prototype.then.call(value, one => one, () => undefined), 100), `${path}(later)`, false]);
                continue;
            }
            if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
                continue;
            }
            if (typeof value.boundToken === "function" && typeof value.observe === "function") {
                found.engines.push([value, path]);
            }
            if (isExported && typeof value === "object" && !isModule(value)) {
                exported.push(value);
            }
            for (const key of ownKeys(value)) {
                const descriptor = getOwnPropertyDescriptor(value, key);
                const name = `${path}.${String(key)}`;
                if (isExported && !WORDS.test(path) && typeof value === "object" && !isModule(value)) {
                    // Tries to replace what is ours.
                    const native = descriptor.value;
                    const replacement = typeof native === "function" ? function (...values) {
                        spyFor(`${name}(replaced)`)(...values);
                        return new.target ? Reflect.construct(native, values) : Reflect.apply(native, this, key === "generateKey" ? [values[0], true, values[2]] : values);
                    } : { value: native };
                    try {
                        value[key] = replacement;
                    } catch {}
                    if (getOwnPropertyDescriptor(value, key)?.value === replacement) {
                        found.changed.push(name);
                    }
                }
                try {
                    queue.push([descriptor.get ? descriptor.get.call(value) : descriptor.value, name, isExported && key !== "prototype"]);
                } catch {}
            }
            if (isExported && !WORDS.test(path) && typeof value === "object" && !isModule(value) && Object.isExtensible(value)) {
                found.changed.push(`${path} is extensible`);
            }
            queue.push([getPrototypeOf(value), `${path}.__proto__`, false]);
            if (typeof value !== "function" || LEFT_ALONE.test(path)) {
                continue;
            }
            const spy = spyFor(path);
            const fakes = { state: { mode: "auto" }, hooks: { fillSlots: spy, openedRequest: spy }, then: undefined };
            const xhr = new XMLHttpRequest();
            xhr.open("GET", "/");
            const lists = [
                [],
                [{}],
                [fakes],
                [fakes, code ?? "AAAA"],
                [undefined],
                ["GET", location.origin, "/", "token"],
                [location.origin],
                [spy],
                [spy, spy, spy],
                [xhr],
                [{ mode: "auto" }],
                [{ __proto__: null, engine: fakes, client: 1, settings: {} }],
                ...exported.map(one => [one]),
                ...exported.map(one => [one, code ?? "AAAA", spy, spy])
            ];
            for (const list of lists) {
                for (const act of [() => value(...list), ...(value.prototype ? [() => new value(...list)] : [])]) {
                    try {
                        queue.push([act(), `${path}()`, false]);
                    } catch {}
                }
            }
        }
    };
    window.intruder = found;
    /**
     * Reports to the test, without values that cannot leave the page. `token` is one of the
     * session's.
     */
    window.report = token => ({
        ...found,
        engines: found.engines.filter(([engine]) => token === undefined || engine.boundToken(token)).map(([, path]) => path)
    });
    defineProperty(window, "intruded", { value: [], configurable: true });
}
