/** What a driver can't do, and what becomes of the tests that need it. */
import { createRequire, syncBuiltinESMExports } from "node:module";

/** Thrown by a driver: the browser, or the protocol that drives it, can't do this. */
export class Unsupported extends Error {
    name = "Unsupported";
}

/**
 * Makes node's `test` skip a test that throws `Unsupported`, with the reason. To the runner, a test
 * that skips itself and then throws has failed, so whoever throws can't do it.
 */
export function skipUnsupported() {
    const runner = createRequire(import.meta.url)("node:test");
    const { test } = runner;
    runner.test = Object.assign((...parameters) => test(...withSkips(parameters)), test);
    // The tests have imported `test` already, and see the new one.
    syncBuiltinESMExports();
}

function withSkips(parameters) {
    return parameters.map(one => (typeof one === "function" ? skipping(one) : one));
}

function skipping(body) {
    return async t => {
        const test = t.test.bind(t);
        Object.defineProperty(t, "test", { value: (...parameters) => test(...withSkips(parameters)) });
        try {
            await body(t);
        } catch (error) {
            if (!(error instanceof Unsupported)) {
                throw error;
            }
            t.skip(error.message);
        }
    };
}
