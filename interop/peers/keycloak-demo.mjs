/** The demo with a real Keycloak, as its command starts it, and as anyone who tries it sees it. */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { tour } from "../../examples/demo/test/tour.mjs";
import { repository } from "../../packages/countersign/test/browser/harness/paths.mjs";
import { definePeer } from "../lib/peer.mjs";
import { logInAtKeycloak } from "./keycloak/server.mjs";

const START_LIMIT_SECONDS = 400;

export default definePeer({
    name: "keycloak-demo",
    // The demo always uses the pinned version, whichever one a run tries.
    title: () => "cargo xtask demo --keycloak",
    needs: ["keycloak"],
    ours: ["single-page app", "resource server"],
    startLimit: START_LIMIT_SECONDS,
    async start(run) {
        const port = await threeFreePorts(run);
        const demo = await run.spawn(
            "cargo",
            ["xtask", "demo", "--keycloak", "--no-open", "--port", String(port)],
            { cwd: repository, ready: /Ctrl-C ends it[\s\S]*bob-password/, limit: START_LIMIT_SECONDS }
        );
        // The browser's console reports the nonce challenge.
        const { page } = await run.browser({ expectedErrors: [/status of 401/] });
        return { demo, page, ports: [port, port + 1, port + 2] };
    },
    scenarios: {
        "it says who may log in, in the terminal and on the page": async ({ demo, page, ports: [port] }) => {
            assert.match(demo.output(), /log in as alice with the password alice-password/);
            await page.goto(`http://localhost:${port}/`);
            await page.waitForSelector("#login");
            assert.match(await page.innerText(".welcome"), /alice with alice-password/);
        },
        "login at Keycloak's page, calls, and three thefts refused": async ({ page }) => {
            await page.click("#login");
            await logInAtKeycloak("alice")(page);
            await page.waitForSelector("#user");
            assert.equal(await page.textContent("#user"), "Alice Archer");
            await tour(page);
        },
        "a reload restores the session, a refresh keeps it, logout ends it": async ({ page }) => {
            await page.reload();
            await page.waitForSelector("#user");
            await page.getByRole("button", { name: "Renew the tokens" }).click();
            await page.locator("button:has-text('Renew the tokens'):enabled").waitFor();
            assert.equal(await page.textContent(".status"), "");
            await tour(page);
            await page.click("#logout");
            await page.waitForSelector("#login");
            await page.reload();
            await page.waitForSelector("#login");
        },
        "Ctrl-C ends all of it": async ({ demo, page, ports }) => {
            await page.goto("about:blank");
            process.kill(demo.pid, "SIGINT");
            await demo.exited;
            for (const port of ports) {
                await assert.rejects(fetch(`http://localhost:${port}/`), `port ${port} is still served`);
            }
        }
    }
});

/** Returns three neighbouring ports, as the demo needs them. */
async function threeFreePorts(run) {
    for (;;) {
        const port = await run.freePort();
        const taken = await Promise.all([port + 1, port + 2].map(isTaken));
        if (!taken.includes(true)) {
            return port;
        }
    }
}

function isTaken(port) {
    return new Promise(resolve => {
        const server = createServer();
        server.once("error", () => resolve(true));
        server.listen(port, "localhost", () => server.close(() => resolve(false)));
    });
}
