/**
 * Strings on the boundary: UTF-8, each field ended by `0xFF`. The other side is
 * `crates/countersign-browser/src/message.rs`, which relies on this module to write valid UTF-8.
 */
import type { Bare, EngineHost } from "./interface.js";

/**
 * `Uint8Array<ArrayBuffer>`, in words that TypeScript before 5.7 understands: our declarations are
 * part of those that apps compile against.
 */
export type Bytes = ReturnType<Uint8ArrayConstructor["from"]>;

/** A list of strings. Assigning to an index calls no setter of a script. */
export interface Texts extends Bare {
    length: number;
    [index: number]: string;
}

/** A part of linear memory. */
export type View = (pointer: number, length: number) => Bytes;

const END = 0xff;

export const noTexts = (): Texts => ({ __proto__: null, length: 0 });

/**
 * Converts each value to text once: an object may return a longer text the next time. Throws what
 * the value throws.
 */
export const toTexts = (values: ArrayLike<unknown>): Texts => {
    const texts = noTexts();
    for (let i = 0; i < values.length; i++) {
        texts[texts.length++] = `${values[i]}`;
    }
    return texts;
};

/**
 * Writes a message into the space that `reserve` returns, and nowhere else. The texts are strings,
 * whatever the caller was given.
 */
export const writeTexts = (host: EngineHost, texts: ArrayLike<string>, reserve: (length: number) => number, view: View): void => {
    let room = 0;
    for (let i = 0; i < texts.length; i++) {
        // A UTF-16 code unit takes at most three bytes.
        room += 3 * texts[i]!.length + 1;
    }
    const start = reserve(room);
    const message = view(start, room);
    let at = 0;
    for (let i = 0; i < texts.length; i++) {
        const { read, written } = host.encodeInto(texts[i]!, at ? view(start + at, room - at) : message);
        if (read !== texts[i]!.length) {
            throw new RangeError();
        }
        at += written;
        message[at++] = END;
    }
};

/** Returns the fields of a message. Bytes after the last end are dropped. */
export const readTexts = (host: EngineHost, pointer: number, length: number, view: View): Texts => {
    const fields = noTexts();
    const message = view(pointer, length);
    for (let start = 0, end = 0; end < length; end++) {
        if (message[end] === END) {
            fields[fields.length++] = host.decode(view(pointer + start, end - start));
            start = end + 1;
        }
    }
    return fields;
};
