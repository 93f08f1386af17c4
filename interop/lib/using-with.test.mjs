/**
 * Checks that each line of docs/using-with.md names its source: a scenario, which has to exist, or
 * a vendor's document.
 */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { repository } from "../../packages/countersign/test/browser/harness/paths.mjs";

const PRODUCTS = ["Keycloak", "Spring Security", "oidc-provider", "Entra ID", "Auth0", "Okta"];

const page = await readFile(path.join(repository, "docs/using-with.md"), "utf8");

/** Returns the titles of scenarios, by peer. */
async function scenarios() {
    const directory = path.join(repository, "interop/peers");
    const names = (await readdir(directory)).filter(file => file.endsWith(".mjs"));
    const peers = await Promise.all(names.map(async file => (await import(path.join(directory, file))).default));
    return new Map(peers.map(peer => [peer.name, new Set(Object.keys(peer.scenarios))]));
}

/** Returns the rows of all tables, without their heads. */
function rows() {
    return page
        .split("\n")
        .filter(line => line.startsWith("| ") && !line.startsWith("| what |"))
        .map(line => line.slice(2, -2).split(" | "));
}

test("there is a section with lines for each product", () => {
    const sections = page.split("\n## ").slice(1);
    for (const product of PRODUCTS) {
        const section = sections.find(text => text.startsWith(`${product}\n`));
        assert.ok(section, product);
        assert.match(section, /\n\|---\|---\|---\|\n\| /, product);
    }
});

test("each line names a scenario that exists, or a vendor's document", async () => {
    const known = await scenarios();
    for (const row of rows()) {
        assert.equal(row.length, 3, row.join(" | "));
        for (const source of row[2].split("<br>")) {
            const [, peer, title] = /^`([\w.-]+)`: (.+)$/.exec(source) ?? [];
            if (peer === undefined) {
                assert.match(source, /^\*[^*]+\* \([\w -]+\)(: "[^"]+")?$/, `neither of the two: ${source}`);
                continue;
            }
            assert.ok(known.has(peer), `no such peer: ${source}`);
            assert.ok(known.get(peer).has(title), `${peer} has no such scenario: ${title}`);
        }
    }
});
