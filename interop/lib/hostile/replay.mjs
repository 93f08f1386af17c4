/** Sends the same bytes to two servers, and compares each answer with the expected one. */
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
 */

/**
 * Formats an answer as one line: the status, and the scheme and error of each challenge.
 *
 * @param {{ status: number, challenges: string[] }} answer
 */
export function answerOf({ status, challenges }) {
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
 * Sends every case to our API and to the peer, as the same bytes. Fails with all answers that are
 * not as recorded, and notes how the peer differs.
 *
 * @param {{ ours: number, theirs: number }} ports
 * @param {Case[]} cases
 * @param {Record<string, string>} differences the peer's answer by the case's name, where it is not ours
 * @param {(text: string) => void} note
 */
export async function replay(ports, cases, differences, note) {
    const wrong = [];
    const notes = new Map();
    for (const { name, requests, ours } of cases) {
        const list = await requests();
        const theirs = differences[name] ?? ours;
        for (const [server, port, expected] of [["our API", ports.ours, ours], ["the peer", ports.theirs, theirs]]) {
            const answers = [];
            for (const request of list) {
                answers.push(answerOf(await send(port, request)));
            }
            const recorded = [...Array(list.length - 1).fill("200"), expected];
            if (answers.join(", ") !== recorded.join(", ")) {
                wrong.push(`${name}: ${server} answers ${answers.join(", ")}; recorded is ${recorded.join(", ")}`);
            }
        }
        if (theirs !== ours) {
            const difference = `${theirs} (ours: ${ours})`;
            notes.set(difference, [...(notes.get(difference) ?? []), name]);
        }
    }
    if (wrong.length > 0) {
        throw new Error(wrong.join("\n"));
    }
    for (const [difference, names] of notes) {
        note(`${difference}: ${names.join("; ")}`);
    }
}
