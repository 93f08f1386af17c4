/**
 * Lets hours pass in seconds: the clocks and timers of the app's pages, and the clock of the
 * authorization server, which reads a file (`countersign idp --clock-file`).
 *
 * Clocks go on by themselves, and `pass`, `sleep` and `set` add to them. Between two steps, timers
 * of the pages that are ticked fire, in their order.
 */
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

/** For each document of the app, before its scripts. */
function simulateTime() {
    if (window.simulatedTime) {
        return;
    }
    const NAME = "simulated time";
    const NativeDate = Date;
    const monotonic = performance.now.bind(performance);
    const { setTimeout: start, clearTimeout: stop } = window;
    // Other pages and the documents of reloads begin with what was passed last.
    let ahead = { wall: 0, monotonic: 0 };
    try {
        ahead = JSON.parse(localStorage.getItem(NAME)) ?? ahead;
    } catch {}
    const timers = new Map();
    const now = () => NativeDate.now() + ahead.wall;
    performance.now = () => monotonic() + ahead.monotonic;
    window.Date = class Date extends NativeDate {
        constructor(...parameters) {
            super(...(parameters.length === 0 ? [now()] : parameters));
        }
        static now() {
            return now();
        }
    };
    window.setTimeout = (callback, milliseconds = 0, ...parameters) => {
        const fire = () => {
            stop(id);
            timers.delete(id);
            callback(...parameters);
        };
        const id = start(fire, milliseconds);
        timers.set(id, { due: performance.now() + milliseconds, fire });
        return id;
    };
    window.clearTimeout = id => {
        timers.delete(id);
        stop(id);
    };
    const { fetch } = window;
    let busy = 0;
    window.fetch = async (...parameters) => {
        busy++;
        try {
            return await fetch(...parameters);
        } finally {
            busy--;
        }
    };
    const rest = milliseconds => new Promise(resolve => start(resolve, milliseconds));
    window.simulatedTime = {
        rest,
        /** Ends when what the timers have begun is done: a request takes no simulated time. */
        async set(to, isTicked) {
            ahead = to;
            localStorage.setItem(NAME, JSON.stringify(to));
            const due = isTicked ? [...timers.values()].filter(({ due }) => due <= performance.now()) : [];
            due.sort((one, other) => one.due - other.due).forEach(({ fire }) => fire());
            if (due.length > 0) {
                do {
                    await rest(50);
                } while (busy > 0);
            }
        }
    };
}

export class SimulatedTime {
    /** For `World.create`. */
    static initScripts = [simulateTime];
    /** How far each clock is ahead of the machine's, in milliseconds. */
    #server = 0;
    #pages = { wall: 0, monotonic: 0 };
    #file;

    /** @param {import("node:test").TestContext} t */
    static async create(t) {
        const time = new SimulatedTime();
        const directory = await mkdtemp(path.join(os.tmpdir(), "simulated-time-"));
        t.after(() => rm(directory, { recursive: true }));
        time.#file = path.join(directory, "clock");
        await writeFile(time.#file, "0");
        return time;
    }

    /** Flags of the authorization server. */
    get idp() {
        return ["--clock-file", this.#file];
    }

    /** Header fields of a server that has the true time. */
    headers = Object.defineProperty({}, "Date", { enumerable: true, get: () => new Date(this.now()).toUTCString() });

    /** The true time, in milliseconds since the epoch. */
    now() {
        return Date.now() + this.#server;
    }

    /** Lets time pass for everybody. */
    pass(seconds, pages, isTicked) {
        this.#pages.monotonic += seconds * 1000;
        return this.sleep(seconds, pages, isTicked);
    }

    /** The computer sleeps: neither its timers nor its monotonic clock go on. */
    async sleep(seconds, pages, isTicked = () => false) {
        this.#server += seconds * 1000;
        this.#pages.wall += seconds * 1000;
        // Whoever reads it sees the old or the new content.
        await writeFile(`${this.#file}.new`, `${this.#server / 1000}`);
        await rename(`${this.#file}.new`, this.#file);
        await this.#tell(pages, isTicked);
    }

    /** Somebody sets the computer's clock. */
    set(seconds, pages) {
        this.#pages.wall += seconds * 1000;
        return this.#tell(pages, () => false);
    }

    /** `isTicked`: whether the timers of a page fire. */
    async #tell(pages, isTicked) {
        await Promise.all(pages.map(page => this.#tellPage(page, isTicked(page))));
    }

    async #tellPage(page, isTicked) {
        try {
            await page.evaluate(([to, isTicked]) => window.simulatedTime?.set(to, isTicked), [this.#pages, isTicked]);
        } catch (error) {
            // The page was left in between; the next document reads the time itself.
            if (!/context was destroyed|navigat/i.test(String(error))) {
                throw error;
            }
        }
    }
}
