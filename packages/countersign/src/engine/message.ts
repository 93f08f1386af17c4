/**
 * Strings on the boundary: UTF-8, each field ended by `0xFF`. The other side is `crates/countersign-browser/src/message.rs`,
 * which trusts what is written here to be UTF-8.
 */
import type { Bare, EngineHost } from "./interface.js";

export type Bytes = Uint8Array<ArrayBuffer>;

/** Strings in their order. Assigning to an index finds no setter of a script. */
export interface Texts extends Bare {
    length: number;
    [index: number]: string;
}

/** A stretch of linear memory. */
export type View = (pointer: number, length: number) => Bytes;

const END = 0xff;

export const noTexts = (): Texts => ({ __proto__: null, length: 0 });

/** Takes each text once: what an object says of itself the next time may be longer. Throws what it throws. */
export const toTexts = (values: ArrayLike<unknown>): Texts => {
    const texts = noTexts();
    for (let i = 0; i < values.length; i++) {
        texts[texts.length++] = `${values[i]}`;
    }
    return texts;
};

/** Writes a message where `reserve` has made room for it, and nowhere else. The texts are strings, whatever the caller was given. */
export const writeTexts = (host: EngineHost, texts: ArrayLike<string>, reserve: (length: number) => number, view: View): void => {
    let room = 0;
    for (let i = 0; i < texts.length; i++) {
        // A UTF-16 code unit takes three bytes at most.
        room += 3 * texts[i]!.length + 1;
    }
    let at = reserve(room);
    const end = at + room;
    for (let i = 0; i < texts.length; i++) {
        const { read, written } = host.encodeInto(texts[i]!, view(at, end - at));
        if (read !== texts[i]!.length) {
            throw new RangeError();
        }
        at += written;
        view(at++, 1)[0] = END;
    }
};

/** The fields of a message. What follows the last end is dropped. */
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
