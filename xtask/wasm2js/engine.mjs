/**
 * Writes the engine as JavaScript: `dist/engine/script.js`, for pages that may not compile
 * WebAssembly. Binaryen's wasm2js translates it; this script makes of the result a module that uses
 * nothing of the page but the constructors that early init saved, because other scripts may have
 * changed every global by the time it runs:
 *
 * - Linear memory is one `Uint8Array`. Wider loads and stores are made of bytes, so that no other
 *   typed array is needed, and no member of a prototype.
 * - What wasm2js takes from `Math` is written out.
 * - Each call of the module's function makes a new instance.
 *
 * Called by `cargo xtask package`: `node engine.mjs <from wasm2js> <to>`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { minifySync, parseSync } from "vite";

const [from, to] = process.argv.slice(2);
const text = await readFile(from, "utf8");
const { program } = parseSync("engine.js", text);

/** By view: the shift of its index, and how it is read and written. */
const byte = at => `bytes[${at}]`;
const VIEWS = {
    HEAP8: [0, at => `(${byte(at)} << 24 >> 24)`, "store8"],
    HEAPU8: [0, byte, "store8"],
    HEAP16: [1, at => `(load16(${at}) << 16 >> 16)`, "store16"],
    HEAPU16: [1, at => `load16(${at})`, "store16"],
    HEAP32: [2, at => `load32(${at})`, "store32"],
    HEAPU32: [2, at => `(load32(${at}) >>> 0)`, "store32"],
    HEAPF64: [3, at => `load64(${at})`, "store64"]
};

/** The parts of the translation that are replaced by what is written below. */
const REPLACED = /^(?:buffer|bufferView|HEAP\w+|Math_\w+|host)$/;

const isFunction = name => node => node.type === "FunctionDeclaration" && node.id.name === name;
const engine = find(program.body, isFunction("asmFunc"));
const length = Number(/new ArrayBuffer\((\d+)\)/.exec(text)[1]);

const body = [];
let exported;
for (const statement of engine.body.body) {
    if (statement.type === "VariableDeclaration" && REPLACED.test(statement.declarations[0].id.name)) {
        continue;
    }
    if (statement.type === "FunctionDeclaration" && /^__wasm_memory_(?:size|grow)$/.test(statement.id.name)) {
        continue;
    }
    if (statement.type === "ExpressionStatement" && /^(?:bufferView = HEAPU8|initActiveSegments\()/.test(slice(statement))) {
        continue;
    }
    if (statement.type === "ReturnStatement") {
        exported = statement.argument.properties.filter(({ key }) => key.value !== "memory").map(slice);
        continue;
    }
    body.push(render(statement));
}

const segments = [...text.matchAll(/base64DecodeToExistingUint8Array\(bufferView, (\d+), "([^"]*)"\)/g)].map(
    ([, offset, base64]) => `[${offset},${[...Buffer.from(base64, "base64")]}]`
);
if (exported === undefined || segments.length === 0 || body.join("").includes("HEAP")) {
    throw new Error("wasm2js writes something else than this script reads");
}

const { code, errors } = minifySync("script.js", module(), { compress: true, mangle: true, module: true });
if (errors.length > 0) {
    throw new AggregateError(errors, "the engine in JavaScript can't be minified");
}
await writeFile(to, `${code}\n`);

function module() {
    return `
export default page => {
    let buffer = new page.ArrayBuffer(${length});
    let bytes = new page.Uint8Array(buffer);
    // The initial content of memory: an address, then bytes.
    const segments = [${segments}];
    for (let i = 0; i < ${segments.length}; i++) {
        const segment = segments[i];
        const { 0: address, length } = segment;
        for (let j = 1; j < length; j++) {
            bytes[address + j - 1] = segment[j];
        }
    }

    const load16 = at => bytes[at] | bytes[at + 1] << 8;
    const load32 = at => bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
    const store8 = (at, value) => { bytes[at] = value; };
    const store16 = (at, value) => { bytes[at] = value; bytes[at + 1] = value >> 8; };
    const store32 = (at, value) => { bytes[at] = value; bytes[at + 1] = value >> 8; bytes[at + 2] = value >> 16; bytes[at + 3] = value >> 24; };
    // IEEE 754: sign, 11 bits of exponent, 52 of fraction.
    const load64 = at => {
        const high = load32(at + 4);
        const exponent = high >>> 20 & 2047;
        const fraction = ((high & 1048575) * 4294967296 + (load32(at) >>> 0)) / 4503599627370496;
        const value = exponent === 2047 ? (fraction ? NaN : Infinity) : exponent ? (1 + fraction) * 2 ** (exponent - 1023) : fraction * 2 ** -1022;
        return high < 0 ? -value : value;
    };
    const store64 = (at, value) => {
        const sign = value < 0 || 1 / value < 0 ? -2147483648 : 0;
        let rest = sign ? -value : value;
        let exponent = 0;
        let fraction = 0;
        if (rest !== rest) {
            exponent = 2047;
            fraction = .5;
        } else if (rest === Infinity) {
            exponent = 2047;
        } else if (rest) {
            exponent = 1023;
            // Dividing and multiplying by two is exact.
            while (rest >= 2) { rest /= 2; exponent++; }
            while (rest < 1 && exponent > 1) { rest *= 2; exponent--; }
            fraction = rest < 1 ? rest : rest - 1;
            exponent = rest < 1 ? 0 : exponent;
        }
        fraction *= 1048576;
        const high = fraction - fraction % 1;
        store32(at + 4, sign | exponent << 20 | high);
        store32(at, (fraction - high) * 4294967296 | 0);
    };

    const Math_abs = value => value < 0 ? -value : value;
    const Math_min = (a, b) => a < b ? a : b;
    const Math_max = (a, b) => a > b ? a : b;
    const Math_trunc = value => value - value % 1;
    const Math_floor = value => value - value % 1 - (value % 1 < 0 ? 1 : 0);
    const Math_ceil = value => -Math_floor(-value);
    const Math_imul = (a, b) => (a & 65535) * b + (((a >>> 16) * b & 65535) << 16) | 0;
    const Math_clz32 = value => {
        let zeros = 0;
        for (let bit = 31; bit >= 0 && !(value >>> bit & 1); bit--) {
            zeros++;
        }
        return zeros;
    };
    const wasm2js_trap = () => { throw "trap"; };

    let size = ${length >> 16};
    const __wasm_memory_size = () => size;
    const __wasm_memory_grow = more => {
        const old = size;
        const next = old + (more | 0);
        // As many as a machine of 32 bits has at most.
        if (more > 0 && next < 65536) {
            const larger = new page.ArrayBuffer(next << 16);
            const copy = new page.Uint8Array(larger);
            for (let i = 0; i < old << 16; i++) {
                copy[i] = bytes[i];
            }
            buffer = larger;
            bytes = copy;
            size = next;
        }
        return old;
    };

    const instantiate = (_, { host }) => {
        ${body.join("\n")}
        return { __proto__: null, ${exported} };
    };
    return { __proto__: null, ...page, Memory: { __proto__: null, buffer: () => buffer }, instantiate };
};
`;
}

/** The source of a node, with what reads and writes memory replaced. */
function render(node) {
    const store = node.type === "AssignmentExpression" && heap(node.left);
    if (store) {
        if (node.operator !== "=") {
            throw new Error(`an assignment by ${node.operator}: ${slice(node)}`);
        }
        return `${store.store}(${store.at}, ${render(node.right)})`;
    }
    const load = heap(node);
    if (load) {
        return load.load(load.at);
    }
    let code = "";
    let at = node.start;
    for (const child of children(node)) {
        code += text.slice(at, child.start) + render(child);
        at = child.end;
    }
    return code + text.slice(at, node.end);
}

/** How `HEAP32[address >> 2]` is read and written, if the node is one. */
function heap(node) {
    if (node.type !== "MemberExpression" || node.object.type !== "Identifier" || !node.object.name.startsWith("HEAP")) {
        return undefined;
    }
    const [shift, load, store] = VIEWS[node.object.name];
    const { property } = node;
    if (shift === 0) {
        return { load, store, at: render(property) };
    }
    if (property.type === "Literal") {
        return { load, store, at: String(property.value * 2 ** shift) };
    }
    if (property.type !== "BinaryExpression" || property.operator !== ">>" || property.right.value !== shift) {
        throw new Error(`an address: ${slice(property)}`);
    }
    return { load, store, at: render(property.left) };
}

function slice(node) {
    return text.slice(node.start, node.end);
}

function children(node) {
    return Object.values(node)
        .flat()
        .filter(value => typeof value?.type === "string" && typeof value.start === "number")
        .sort((a, b) => a.start - b.start);
}

function find(nodes, isWanted) {
    const found = nodes.find(isWanted);
    if (found === undefined) {
        throw new Error("wasm2js wrote no asmFunc");
    }
    return found;
}
