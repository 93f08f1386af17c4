import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { listenOnLoopback } from "../../packages/countersign/test/browser/harness/loopback.mjs";
import { freePort, start } from "./processes.mjs";
import { hasEnded, isRunning } from "./test-support/ended.mjs";

test("free ports can be listened on, and are not the same ones", async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    assert.equal(new Set(ports).size, 3);
    for (const port of ports) {
        const listener = await listenOnLoopback(socket => socket.destroy(), port);
        await listener.close();
    }
});

test("a program is ready by what it prints, on either stream", async t => {
    const { output, stop } = await start("sh", ["-c", "echo on its way; sleep 0.2; echo up >&2; sleep 1000"], { ready: /^up$/m });
    t.after(stop);
    assert.equal(output(), "on its way\nup\n");
});

test("a program is ready by an address that answers well", async t => {
    const port = await freePort();
    const script = `
        let answers = 0;
        require("http").createServer((request, response) => {
            response.statusCode = answers++ < 2 ? 503 : 200;
            response.end();
        }).listen(${port}, "127.0.0.1")`;
    const { stop } = await start(process.execPath, ["-e", script], { ready: `http://127.0.0.1:${port}/` });
    t.after(stop);
    assert.equal((await get(port)).statusCode, 200);
});

test("a program that never gets ready is named, with its output, and ended", async () => {
    let pid;
    await assert.rejects(start("sh", ["-c", "echo $$; echo half way; sleep 1000"], { ready: /there/, limit: 0.3 }), error => {
        assert.match(error.message, /^`sh -c [^`]*` was not ready after 0\.3 s:\n\d+\nhalf way$/);
        pid = Number(/^\d+$/m.exec(error.message)[0]);
        return true;
    });
    assert.ok(await hasEnded(pid));
});

test("a program that ends too early is named, with its status and output", async () => {
    await assert.rejects(start("sh", ["-c", "echo no such realm >&2; exit 3"], { ready: /there/ }), {
        message: "`sh -c echo no such realm >&2; exit 3` ended with status 3:\nno such realm"
    });
});

test("a program that is missing is named", async () => {
    await assert.rejects(start("no-such-program", ["--serve"], { ready: /there/ }), /`no-such-program --serve` .*ENOENT/);
});

test("a program ends with all that it started", async () => {
    const { output, stop, pid } = await start("sh", ["-c", "sleep 1000 & echo $!; wait"], { ready: /\d+\n/ });
    const child = Number(output());
    assert.ok((await isRunning(pid)) && (await isRunning(child)));
    await stop();
    assert.ok((await hasEnded(pid)) && (await hasEnded(child)));
});

test("a program that ignores SIGTERM is killed", async () => {
    const { stop, pid } = await start("sh", ["-c", "trap '' TERM; echo up; while true; do sleep 1; done"], { ready: /up/ });
    await stop();
    assert.ok(await hasEnded(pid));
});

function get(port) {
    return new Promise((resolve, reject) => http.get(`http://127.0.0.1:${port}/`, resolve).on("error", reject));
}
