/**
 * Messages on the engine's boundary: fields of bytes, each after its length as four bytes, the
 * lowest first. The other side is `crates/countersign-server-wasm/src/message.rs`.
 */
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A field. A string is a header's value, each character of which is one byte. */
export type Field = string | Uint8Array;

export const utf8 = (text: string): Uint8Array => encoder.encode(text);
export const text = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Returns fields as a message. */
export const encode = (fields: readonly Field[]): Uint8Array => {
    let length = 0;
    for (const field of fields) {
        length += 4 + field.length;
    }
    const bytes = new Uint8Array(length);
    let place = 0;
    for (const field of fields) {
        const { length } = field;
        bytes[place] = length;
        bytes[place + 1] = length >>> 8;
        bytes[place + 2] = length >>> 16;
        bytes[place + 3] = length >>> 24;
        place += 4;
        if (typeof field === "string") {
            for (let i = 0; i < length; i++) {
                const code = field.charCodeAt(i);
                // No HTTP server gives such a character. As a control character it is refused.
                bytes[place + i] = code > 0xff ? 0 : code;
            }
        } else {
            bytes.set(field, place);
        }
        place += length;
    }
    return bytes;
};

/** Views the engine's memory. Its numbers are signed to JavaScript, and beyond 2 GiB negative. */
export const view = (memory: WebAssembly.Memory, pointer: number, length: number): Uint8Array =>
    new Uint8Array(memory.buffer, pointer >>> 0, length >>> 0);

/** Reads the fields of a message. They are views: copy what outlives the call. */
export const read = (memory: WebAssembly.Memory, pointer: number, length: number): Uint8Array[] => {
    const message = view(memory, pointer, length);
    const sizes = new DataView(memory.buffer, message.byteOffset, message.length);
    const fields: Uint8Array[] = [];
    for (let at = 0; at + 4 <= message.length; ) {
        const size = sizes.getUint32(at, true);
        fields.push(message.subarray(at + 4, at + 4 + size));
        at += 4 + size;
    }
    return fields;
};
