/**
 * Node's `test`, which skips a test that a driver can't do, with the driver's reason. The runner
 * prints and counts it. (A test that skips itself and then throws has failed, to the runner.)
 */
import { test as nodeTest } from "node:test";
import { Unsupported } from "./drivers/unsupported.mjs";

/** @type {typeof nodeTest} */
export const test = (...parameters) => nodeTest(...withSkips(parameters));

function withSkips(parameters) {
    return parameters.map(one => (typeof one === "function" ? skipping(one) : one));
}

function skipping(body) {
    return async t => {
        const subtest = t.test.bind(t);
        Object.defineProperty(t, "test", { value: (...parameters) => subtest(...withSkips(parameters)) });
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
