/** What a newcomer does in the demo once logged in, with any authorization server. */
import assert from "node:assert/strict";

/**
 * Makes calls, checks what was sent, steals the token and is refused.
 *
 * @param {import("playwright-core").Page} page
 */
export async function tour(page) {
    await call(page, "Add a note");
    await call(page, "Who am I? (XHR)");
    await call(page, "An endpoint that asks for a nonce");
    const newest = page.locator("#requests > details").first();
    assert.match(await newest.innerText(), /As the app wrote it[\s\S]*Authorization: Bearer ey/);
    assert.match(await newest.innerText(), /On the wire \(2 requests\)[\s\S]*Authorization: DPoP ey[\s\S]*401 NonceMissing[\s\S]*→ 200 accepted/);
    assert.match(await page.innerText(".columns"), /the same as cnf\.jkt/);

    assert.match(await attack(page, "no-key"), /^Refused: 401\s+HeaderMissing: [\s\S]*error="invalid_dpop_proof"/);
    assert.match(await attack(page, "bearer"), /^Refused: 401\s+TokenBoundAsBearer: [\s\S]*error="invalid_token"/);
    assert.match(await attack(page, "replay"), /^Refused: 401\s+Replayed: [\s\S]*error="invalid_dpop_proof"/);
}

async function call(page, name) {
    const cards = page.locator("#requests > details");
    const count = await cards.count();
    await page.getByRole("button", { name, exact: true }).click();
    await cards.nth(count).waitFor();
    assert.match(await cards.first().locator("summary").innerText(), /20[01]$/, name);
}

async function attack(page, id) {
    await page.click(`#attack-${id}`);
    const outcome = page.locator(`li:has(#attack-${id}) .outcome`);
    await outcome.waitFor();
    return outcome.innerText();
}
