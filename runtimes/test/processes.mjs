// Programs that the tests start: servers that print their port, and Redis on a free port.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";

/** Starts a program that prints its port, runs the test with that, and ends the program. */
export const running = async (cwd, program, parameters, environment, run) => {
    const child = spawn(program, parameters, { cwd, env: { ...process.env, ...environment, NO_COLOR: "1" }, stdio: ["ignore", "pipe", "inherit"] });
    try {
        let printed = "";
        for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
            printed += chunk;
            if (/port \d+\n/.test(printed)) {
                break;
            }
        }
        const port = Number(/port (\d+)/.exec(printed)?.[1]);
        assert.ok(port, printed);
        child.stdout.resume();
        return await run(port);
    } finally {
        child.kill("SIGKILL");
        child.exitCode ?? child.signalCode ?? (await once(child, "exit"));
    }
};

const freePort = async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address();
    server.close();
    await once(server, "close");
    return port;
};

/** Starts Redis, without files and without eviction. */
export const startRedis = async port => {
    port ??= await freePort();
    const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"];
    const child = spawn("redis-server", options, { stdio: ["ignore", "pipe", "inherit"] });
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
        if (`${chunk}`.includes("Ready to accept connections")) {
            break;
        }
    }
    child.stdout.resume();
    return {
        port,
        signal: name => child.kill(name),
        stop: async () => {
            if (child.exitCode === null && child.signalCode === null) {
                child.kill("SIGKILL");
                await once(child, "exit");
            }
        }
    };
};
