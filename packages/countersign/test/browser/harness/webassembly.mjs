/**
 * With `WEBASSEMBLY=refused` the app is served below a Content-Security-Policy that forbids
 * compiling WebAssembly, so that each test runs with the engine in JavaScript. Tests that set a
 * policy of their own keep it.
 */
export const isRefused = process.env.WEBASSEMBLY === "refused";

if (!isRefused && process.env.WEBASSEMBLY !== undefined) {
    throw new Error(`WEBASSEMBLY is "${process.env.WEBASSEMBLY}"; it can be "refused"`);
}

/** Header fields of the app's files. @type {Record<string, string>} */
export const policy = isRefused ? { "Content-Security-Policy": "script-src 'self' 'unsafe-inline'; worker-src 'self' blob:" } : {};

/** What the browser then says in its console. @type {RegExp[]} */
export const expectedErrors = isRefused ? [/WebAssembly.*Content Security Policy|Content Security Policy.*WebAssembly/is] : [];
