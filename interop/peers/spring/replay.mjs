/** Sends the same bytes to two servers, and holds each answer against what is known of it. */
import assert from "node:assert/strict";
import http from "node:http";

/**
 * @typedef {object} Request
 * @property {string} [method]
 * @property {string} [target] path and query
 * @property {string} [host] the `Host` field
 * @property {[string, string][]} headers in this order, repeated where they are given twice
 */

/**
 * @typedef {object} Case
 * @property {string} name with the checklist's row
 * @property {() => Promise<Request[]>} requests the last one's answer counts; those before have to be accepted
 * @property {string} ours as `answerOf` writes it
 * @property {string} [spring] where it differs
 */

/**
 * One answer in a line: status, and of each challenge scheme and error.
 *
 * @param {{ status: number, challenges: string[] }} answer
 */
function answerOf({ status, challenges }) {
    const said = challenges.map(challenge => {
        const [scheme] = challenge.split(" ");
        const error = /\berror="([^"]*)"/.exec(challenge)?.[1];
        return error === undefined ? scheme : `${scheme} ${error}`;
    });
    return [status, ...said].join(" ");
}

/** @param {number} port @param {Request} request @param {{ agent?: http.Agent }} [options] */
export function send(port, { method = "GET", target, host, headers }, { agent } = {}) {
    return new Promise((resolve, reject) => {
        const request = http.request(
            {
                ...{ host: "127.0.0.1", port, method, path: target, agent: agent ?? false, setHost: false },
                headers: [["Host", host], ...headers].flat()
            },
            response => {
                const challenges = [];
                for (let at = 0; at < response.rawHeaders.length; at += 2) {
                    if (response.rawHeaders[at].toLowerCase() === "www-authenticate") {
                        challenges.push(response.rawHeaders[at + 1]);
                    }
                }
                response.resume().on("end", () => resolve({ status: response.statusCode, challenges }));
            }
        );
        request.on("error", reject);
        request.end();
    });
}

/**
 * Every case to both, one after the other. Fails with all that is not as it was recorded, and notes what differs.
 *
 * @param {{ ours: number, spring: number }} ports
 * @param {Case[]} cases
 * @param {(text: string) => void} note
 */
export async function replay(ports, cases, note) {
    const wrong = [];
    const different = new Map();
    for (const { name, requests, ours, spring = ours } of cases) {
        const list = await requests();
        for (const [server, expected] of [["ours", ours], ["spring", spring]]) {
            const answers = [];
            for (const request of list) {
                answers.push(answerOf(await send(ports[server], request)));
            }
            const received = answers.pop();
            for (const before of answers) {
                if (before !== "200") {
                    wrong.push(`${name}: ${server} answers ${before} to a request before`);
                }
            }
            if (received !== expected) {
                wrong.push(`${name}: ${server} answers ${received}, recorded is ${expected}`);
            }
        }
        if (spring !== ours) {
            const key = `${spring} (ours: ${ours})`;
            different.set(key, [...(different.get(key) ?? []), name]);
        }
    }
    assert.deepEqual(wrong, []);
    for (const [answers, names] of different) {
        note(`${answers}: ${names.join("; ")}`);
    }
}
