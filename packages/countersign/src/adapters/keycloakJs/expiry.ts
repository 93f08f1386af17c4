/** When the tokens expire. */

const LONGEST_TIMEOUT = 2 ** 31 - 1;

export class Expiry {
    /** When the newest token expires: seconds since the epoch, by the server's clock. */
    #newest = 0;
    #timer: ReturnType<typeof setTimeout> | undefined;
    readonly #now: () => number;
    readonly #onExpired: () => void;

    /** `now`: seconds since the epoch, by the server's clock. */
    constructor(now: () => number, onExpired: () => void) {
        this.#now = now;
        this.#onExpired = onExpired;
    }

    /** Takes a new token. `isAwaited`: it is the one whose end the app wants to know. */
    set(time: number, isAwaited: boolean): void {
        this.#newest = time;
        if (isAwaited || this.#timer === undefined) {
            this.#watch(time);
        }
    }

    stop(): void {
        clearTimeout(this.#timer);
        this.#timer = undefined;
    }

    /** Returns the seconds that are left, rounded down. */
    left(): number {
        return this.#newest - Math.ceil(this.#now());
    }

    #watch(time: number): void {
        this.stop();
        const seconds = time - this.#now();
        if (seconds > 0) {
            this.#timer = setTimeout(() => this.#watch(time), Math.min(seconds * 1000, LONGEST_TIMEOUT));
            return;
        }
        if (this.#newest > this.#now()) {
            // It has come unasked.
            this.#watch(this.#newest);
        }
        this.#onExpired();
    }
}
