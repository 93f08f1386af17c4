/** Answers that were tampered with: each claim of the id_token, and the `iss` of the authorization response. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./harness/world.mjs";
import { tamperJson } from "./harness/wire.mjs";

function withClaims(idToken, edit) {
    const [header, payload, signature] = idToken.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    edit(claims);
    return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
}

/** Asserts how a login ends whose response is not believed: no session, a typed error, and no call with the token. */
async function assertRefused(world, outcome, code) {
    const failure = outcome.rejected ?? outcome.initializationError;
    assert.equal(failure?.name, "OidcInitializationError", JSON.stringify(outcome));
    assert.equal(failure.code, code);
    assert.equal(await world.page.evaluate(() => window.harness.oidcs.get("main")?.isUserLoggedIn ?? false), false);
    assert.ok(!/[?&#](code|state)=/.test(world.page.url()));
}

const now = () => Math.floor(Date.now() / 1000);

const CASES = [
    ["another iss", claims => (claims.iss = "https://other.example"), "id_token_iss"],
    ["no iss", claims => delete claims.iss, "id_token_iss"],
    ["another aud", claims => (claims.aud = "other"), "id_token_aud"],
    ["no aud", claims => delete claims.aud, "id_token_aud"],
    ["another azp", claims => (claims.azp = "other"), "id_token_azp"],
    [
        "several aud without azp",
        claims => {
            claims.aud = ["main", "other"];
            delete claims.azp;
        },
        "id_token_azp"
    ],
    ["a past exp", claims => (claims.exp = now() - 3600), "id_token_exp"],
    ["no exp", claims => delete claims.exp, "id_token_exp"],
    ["another nonce", claims => (claims.nonce = "other"), "id_token_nonce"],
    ["no nonce", claims => delete claims.nonce, "id_token_nonce"],
    ["no sub", claims => delete claims.sub, "id_token_sub"]
];

test("rc5_an_id_token_is_checked_claim_by_claim", async t => {
    const world = await World.create(t);
    for (const [name, edit, code] of CASES) {
        await t.test(`${name}: ${code}`, async () => {
            await world.context.clearCookies();
            await world.page.evaluate(() => {
                try {
                    sessionStorage.clear();
                    localStorage.clear();
                } catch {
                    // The first page is about:blank, which has none.
                }
            });
            await world.open();
            world.issuer.tamper = tamperJson(world.tokenPath, body => {
                body.id_token = withClaims(body.id_token, edit);
            });
            const { main } = await world.logIn();
            world.issuer.tamper = undefined;
            await assertRefused(world, main, code);
        });
    }
});

test("an untampered id_token with several audiences and the right azp is accepted", async t => {
    const world = await World.create(t);
    await world.open();
    world.issuer.tamper = tamperJson(world.tokenPath, body => {
        body.id_token = withClaims(body.id_token, claims => {
            claims.aud = ["main", "other"];
            claims.azp = "main";
        });
    });
    assert.equal((await world.logIn()).main.isUserLoggedIn, true);
});

test("a token response without an id_token, or with one that is no JWT", async t => {
    for (const [idToken, code] of [[undefined, "id_token_missing"], ["a.b", "id_token_malformed"]]) {
        await t.test(code, async t => {
            const world = await World.create(t);
            await world.open();
            world.issuer.tamper = tamperJson(world.tokenPath, body => {
                body.id_token = idToken;
            });
            await assertRefused(world, (await world.logIn()).main, code);
        });
    }
});

for (const [name, edit] of [
    ["another iss", url => url.searchParams.set("iss", "https://other.example")],
    ["no iss, though the metadata promise it", url => url.searchParams.delete("iss")]
]) {
    test(`rfc9207_a_response_with_${name} is refused and its code not sent`, async t => {
        const world = await World.create(t);
        await world.open();
        world.issuer.tamper = response => {
            response.headers = response.headers.map(([key, value]) => {
                if (key.toLowerCase() !== "location" || !value.startsWith(world.app.origin)) {
                    return [key, value];
                }
                const url = new URL(value);
                edit(url);
                return [key, url.href];
            });
        };
        const { main } = await world.logIn();
        await assertRefused(world, main, "response_issuer_mismatch");
        assert.deepEqual(world.tokenRequests(), []);
    });
}

test("rs2_what_a_script_writes_into_web_storage_does_not_change_where_code_and_proof_go", async t => {
    const world = await World.create(t);
    await world.open();
    // Every value that is kept there is replaced by one that names the attacker's server.
    await world.page.evaluate(() => {
        for (const storage of [localStorage, sessionStorage]) {
            for (const key of Object.keys(storage)) {
                storage.setItem(key, storage.getItem(key).replaceAll(/http:\/\/localhost:\d+/g, "http://localhost:1"));
            }
        }
    });
    await world.open();
    await world.logIn();
    assert.equal(world.tokenRequests().length, 1);
    assert.equal(world.authorizationRequests().at(-1).query().dpop_jkt?.length, 43);
});
