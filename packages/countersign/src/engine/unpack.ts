/**
 * Unpacks the engine. `xtask/src/pack.rs` packs it: the other side, with the same model.
 *
 * From what stands before it, the model tells how probable it is that the next bit is set, and an
 * arithmetic code holds what it could not tell. The model reads WebAssembly as instructions with
 * their operands, which makes it a sixth smaller than gzip does. Both sides calculate with IEEE 754
 * in the same order, and only with operations that it defines to the bit.
 */
import type { EngineHost } from "./interface.js";
import type { Bytes } from "./message.js";

/** How many guesses the model keeps for each of its three contexts. */
const SLOTS = 2 ** 18;

/** A context and one thing more, as the number of a slot. */
const hash = (context: number, more: number): number => ((context + more) * 6763) & (SLOTS - 1);

/** How many operands an instruction has, each a LEB128. Approximate: the model only guesses. */
const operands = (opcode: number): number =>
    (opcode > 39 && opcode < 63) || opcode === 17
        ? 2
        : +((opcode > 1 && opcode < 5) || (opcode > 11 && opcode < 17 && opcode !== 15) || (opcode > 31 && opcode < 40) || opcode === 65 || opcode === 66);

export const unpack = (host: EngineHost, base64: string): Bytes => {
    const packed = host.atob(base64);
    let at = 0;
    const next = (): number => host.String.charCodeAt(packed, at++) | 0;
    // An array's own `length` is a getter, which a script may have replaced.
    const length = (next() << 16) | (next() << 8) | next();
    const bytes = new host.Uint8Array(length);

    /** From -1 (never set) to 1 (always set), and how often each has been corrected. */
    const guesses = new host.Float32Array(3 * SLOTS);
    const counts = new host.Uint8Array(3 * SLOTS);
    /** How far a context is trusted, for each number of operands that are missing. */
    const weights = new host.Float32Array(9);
    const input = (slot: number): number => guesses[slot]! / (1.1 - guesses[slot]! * guesses[slot]!);
    const learn = (slot: number, bit: number): void => {
        guesses[slot]! += (2 * bit - 1 - guesses[slot]!) / (counts[slot]! + 1.3);
        counts[slot]! += +(counts[slot]! < 8);
    };

    let missing = 0;
    // Of the last instructions.
    let opcode = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    // The arithmetic code.
    let range = 1;
    let value = 0;
    // Three times the same instead of a loop: that is twice as fast.
    for (let i = 0; i < length; i++) {
        const place = hash(missing << 8, opcode);
        const pair = hash(place, second);
        const contextA = hash(pair, bytes[i - 2]! | 0);
        const contextB = hash(place, bytes[i - 1]! | 0);
        const contextC = hash(hash(pair, third), fourth);
        const w = 3 * missing;
        // The byte's bits so far, after a 1.
        let byte = 1;
        while (byte < 256) {
            const slotA = hash(contextA, byte);
            const slotB = hash(contextB, byte) + SLOTS;
            const slotC = hash(contextC, byte) + SLOTS * 2;
            const inputA = input(slotA);
            const inputB = input(slotB);
            const inputC = input(slotC);
            const sum = inputA * (weights[w]! + 0.3) + inputB * (weights[w + 1]! + 0.3) + inputC * (weights[w + 2]! + 0.3);
            const size = sum < 0 ? -sum : sum;
            const probability = 0.5 + (sum * (size + 0.5)) / (2 * sum * sum + size + 1);
            while (range < 0x1000000) {
                range *= 256;
                value = value * 256 + next();
            }
            const bound = (range * probability) >>> 0;
            const bit = +(value < bound);
            if (bit) {
                range = bound;
            } else {
                range -= bound;
                value -= bound;
            }
            const error = (bit - probability) * 0.0026;
            weights[w]! += error * inputA;
            weights[w + 1]! += error * inputB;
            weights[w + 2]! += error * inputC;
            learn(slotA, bit);
            learn(slotB, bit);
            learn(slotC, bit);
            byte = 2 * byte + bit;
        }
        bytes[i] = byte;
        byte &= 255;
        if (missing) {
            missing -= +(byte < 128);
        } else {
            fourth = third;
            third = second;
            second = opcode;
            opcode = byte;
            missing = operands(opcode);
        }
    }
    return bytes;
};
