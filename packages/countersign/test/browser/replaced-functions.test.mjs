/**
 * The functions and accessors that early init replaces look like the native ones, in the build that Vite minifies:
 * libraries and tests of interfaces read their names.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./harness/world.mjs";

/** Describes `fetch`, `XMLHttpRequest` and every member of its prototype, in this window or in one without our hooks. */
function describe(isNative) {
    const frame = document.createElement("iframe");
    document.body.append(frame);
    const { fetch, XMLHttpRequest, Reflect } = isNative ? frame.contentWindow : window;
    const isConstructor = value => {
        try {
            Reflect.construct(Object, [], value);
            return true;
        } catch {
            return false;
        }
    };
    const all = { fetch: { value: fetch }, XMLHttpRequest: { value: XMLHttpRequest }, ...Object.getOwnPropertyDescriptors(XMLHttpRequest.prototype) };
    const described = [];
    for (const [key, descriptor] of Object.entries(all)) {
        for (const part of ["value", "get", "set"]) {
            const { [part]: value } = descriptor;
            described.push(
                typeof value !== "function"
                    ? `${part} of ${key}: ${value}`
                    : `${part} of ${key}: ${JSON.stringify({
                          name: value.name,
                          length: value.length,
                          own: Reflect.ownKeys(value).map(String).sort(),
                          isConstructor: isConstructor(value),
                          isNativeCode: /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(value))
                      })}`
            );
        }
        described.push(`flags of ${key}: ${[descriptor.writable, descriptor.enumerable, descriptor.configurable]}`);
    }
    frame.remove();
    return described;
}

for (const setup of ["plugin", "manual"]) {
    test(`every replaced function and accessor has the native one's name, length, members and flags (${setup})`, async t => {
        const world = await World.create(t, { variant: { setup } });
        await world.open();
        const [ours, native] = [await world.page.evaluate(describe, false), await world.page.evaluate(describe, true)];
        assert.ok(native.some(line => line.includes('"name":"get upload"')) && native.length > 100, String(native));
        assert.deepEqual(ours, native);
    });
}

test("every replaced function has the native one's name when the page is frozen, too", async t => {
    const world = await World.create(t, { variant: { freeze: true } });
    await world.open();
    const names = await world.page.evaluate(() => {
        const { prototype } = XMLHttpRequest;
        return [fetch, XMLHttpRequest, ...["open", "setRequestHeader", "send", "abort", "getResponseHeader"].map(name => prototype[name])].map(({ name }) => name);
    });
    assert.deepEqual(names, ["fetch", "XMLHttpRequest", "open", "setRequestHeader", "send", "abort", "getResponseHeader"]);
});
