/**
 * The code that the peers share: reads a line of requests, writes a line with the answer, and times
 * only the peer.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/**
 * `cachesTokens`: whether a token's signature is checked once and then known by its hash.
 *
 * @param {{ name: string, package: string, replay: boolean, cachesTokens?: boolean, directory?: URL,
 *   start: (subject: { issuer: string, audience: string, jwks: string }) => Promise<(request: any) => Promise<boolean>>,
 *   prepare?: (sent: { url: string, token: string, proof: string }) => any }} peer
 */
export async function serve({
    name,
    package: packageName,
    replay,
    cachesTokens = false,
    directory = new URL(`../node_modules/${packageName}/`, import.meta.url),
    start,
    prepare = sent => sent
}) {
    const { version } = JSON.parse(readFileSync(new URL("package.json", directory), "utf8"));
    const say = answer => process.stdout.write(`${JSON.stringify(answer)}\n`);
    let accepts;
    for await (const line of createInterface({ input: process.stdin })) {
        const said = JSON.parse(line);
        if (accepts === undefined) {
            accepts = await start(said);
            say({ name, version: `${version} (Node.js ${process.versions.node})`, replay, cachesTokens });
            continue;
        }
        // Requests as a server passes them on: parsing the socket's bytes does not count as the
        // peer's time.
        const requests = said.map(prepare);
        let accepted = 0;
        const begun = process.hrtime.bigint();
        for (const request of requests) {
            accepted += (await accepts(request)) ? 1 : 0;
        }
        say({ accepted, nanoseconds: Number(process.hrtime.bigint() - begun) });
    }
}
