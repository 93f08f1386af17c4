/**
 * Unpacks the engine. `xtask/src/pack.rs` packs it: the other side, with the same model.
 *
 * From what stands before it, the model tells how probable it is that the next bit is set, and an
 * arithmetic code holds what it could not tell. The model reads the code as instructions with their
 * operands, so that the sizes of functions need not be told either. It is smaller by a third than
 * gzip's. Both sides calculate with IEEE 754 in the same order, and only with operations that it
 * defines to the bit.
 */
import type { EngineHost } from "./interface.js";
import type { Bytes } from "./message.js";

/**
 * The instructions up to `f64.const`: the last four bits of each character are the number of
 * operands, each a LEB128, and the first ones tell what begins and ends a block.
 */
const INSTRUCTIONS = "@@aaa@@@@@@0AAB@AB@@@@@@@@@@@@@@AAAAA@@@BBBBBBBBBBBBBBBBBBBBBBBAAAA@H";

/** A context and one thing more. */
const hash = (context: number, more: number): number => ((context + more) * 96280213) >>> 8;

export const unpack = (host: EngineHost, base64: string): Bytes => {
    const packed = host.atob(base64);
    let at = 0;
    const next = (): number => host.String.charCodeAt(packed, at++) | 0;
    const number = (): number => (next() << 16) | (next() << 8) | next();
    // An array's own `length` is a getter, which a script may have replaced.
    const length = number();
    const bytes = new host.Uint8Array(length);
    /** Where the first function begins, and how many are left. */
    const start = number();
    let functions = number();

    /**
     * 2 ** 23 guesses, from -2048 (never set) to 2047 (always set), times 16, and in the last four
     * bits how often each has been corrected. Then how far each context is trusted, by state
     * and instruction, and by the bits of this byte.
     */
    const table = new host.Int16Array(0x800000 + 7 * 0x700);
    const inputs = [0, 0, 0, 0, 0, 0, 0];

    // The arithmetic code: small integers, which cost no memory.
    let range = 1;
    let value = 0;
    /** A function of its own, because browsers soon compile what is called often. */
    const read = (contexts: number[], weights: number): number => {
        // The byte's first four bits after a 1, once they are known, and the next ones after a 1.
        let high = 0;
        let low = 1;
        while (low < 16) {
            const others = 0x800000 + 7 * (0x500 + 16 * high + low);
            let sum = 0;
            for (let k = 0; k < 7; k++) {
                if (low < 2) {
                    contexts[k] = hash(contexts[k]!, high) & 0x7ffff0;
                }
                const guess = table[contexts[k]! | low]!;
                const input = (inputs[k] = guess / (6.3e8 - (guess * guess) / 2));
                sum += input * (table[weights + k]! + table[others + k]! + 1750);
            }
            const size = sum < 0 ? -sum : sum;
            const bent = size * (size + 1.15);
            const sure = bent * (bent + 3);
            const probability = 0.5 + ((sum < 0 ? -0.5 : 0.5) * sure) / (sure + 4);
            while (range < 0x400000) {
                range *= 256;
                value = value * 256 + next();
            }
            const bound = (range * probability) | 0;
            const bit = +(value < bound);
            if (bit) {
                range = bound;
            } else {
                range -= bound;
                value -= bound;
            }
            const error = (bit - probability) * 9e5;
            for (let k = 0; k < 7; k++) {
                const change = error * inputs[k]!;
                table[weights + k]! += change;
                table[others + k]! += change;
                const slot = contexts[k]! | low;
                const guess = table[slot]!;
                const times = guess & 15;
                table[slot]! += (((bit * 65535 - 32768 - guess) / (times * 7.9 + 18.7)) << 4) + +(times < 15);
            }
            low = 2 * low + bit;
            if (low > 15 && !high) {
                high = low;
                low = 1;
            }
        }
        return ((high - 1) * 16 + low) & 255;
    };

    let isCode = false;
    /** Where the function begins whose code this is, and how many blocks are open in it. */
    let begin = 0;
    let depth = 0;
    /** Of the last instructions; before and after the code, the last bytes. */
    let opcode = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    let fifth = 0;
    /** Operands that are missing. */
    let missing = 0;
    const push = (code: number): void => {
        fifth = fourth;
        fourth = third;
        third = second;
        second = opcode;
        opcode = code;
    };
    for (let i = 0; i < length; i++) {
        if (i === start || depth < 0) {
            const size = i - begin;
            // Before the first function these indices are negative, and nothing is written.
            bytes[begin - 3] = size | 128;
            bytes[begin - 2] = (size >> 7) | 128;
            bytes[begin - 1] = size >> 14;
            depth = 0;
            isCode = functions-- > 0;
            if (isCode) {
                // As if it were an instruction: the local variables, with which the code begins.
                push(1);
                missing = 1;
                i += 3;
                begin = i;
            }
        }
        const last = bytes[i - 1]! | 0;
        const before = bytes[i - 2]! | 0;
        /** How many operands are missing. */
        const state = isCode ? (missing > 3 ? 3 : missing) : 4;
        const place = hash(0, state);
        const near = hash(place, last >> 5);
        const one = hash(place, opcode);
        const two = hash(one, second);
        const three = hash(two, third);
        const four = hash(three, fourth);
        const byte = (bytes[i] = read(
            [
                near,
                hash(hash(near, before >> 5), opcode >> 4),
                hash(one, last),
                hash(two, before),
                hash(three, bytes[i - 3]! | 0),
                hash(four, last),
                hash(hash(four, fifth), last >> 5)
            ],
            0x800000 + 7 * (256 * state + opcode)
        ));
        if (!missing) {
            push(byte);
            if (isCode) {
                const instruction = byte === 252 ? 65 : host.String.charCodeAt(INSTRUCTIONS, byte) || 64;
                missing = instruction & 15;
                depth += (instruction >> 5) - 2;
            }
        } else if (byte < 128 || opcode === 68) {
            missing--;
            // The first operand of these tells how many follow. Those get a number of their own.
            if (opcode === 1) {
                missing = 2 * byte;
                opcode = 15;
            } else if (opcode === 14) {
                missing += byte;
                opcode = 15;
            }
        }
    }
    return bytes;
};
