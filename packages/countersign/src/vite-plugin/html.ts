/**
 * Finds the module scripts of an HTML page as the HTML standard's tokenizer would: with attributes
 * in any order and quoting, comments, raw text elements, and inert `<template>` content. It only
 * reads tags and builds no tree.
 */

export interface ModuleScript {
    /** Offsets of the whole element in the page; the end is exclusive. */
    start: number;
    end: number;
    /** Names in lower case and decoded values. If an attribute is repeated, the first counts. */
    attributes: Map<string, string>;
    content: string;
}

/**
 * Elements whose content is text, in which only their own end tag counts (`noscript`: if scripts
 * run).
 */
const RAW_TEXT = new Set(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript"]);

interface StartTag {
    name: string;
    attributes: Map<string, string>;
    end: number;
    /** Whether it has its ">". The text may end before. */
    isClosed: boolean;
}

/**
 * Returns the module scripts in the order of the page. A script that the page never closes does not
 * count.
 */
export function findModuleScripts(html: string): ModuleScript[] {
    const scripts: ModuleScript[] = [];
    let templates = 0;
    let at = 0;
    for (;;) {
        const start = html.indexOf("<", at);
        if (start === -1) {
            return scripts;
        }
        at = start + 1;
        if (html.startsWith("<!--", start)) {
            at = endOfComment(html, start);
        } else if (/^<[!?]|^<\/[^a-z]/i.test(html.slice(start, start + 3))) {
            at = after(html, ">", start);
        } else if (/^<\/[a-z]/i.test(html.slice(start, start + 3))) {
            const tag = readTag(html, start + 2);
            at = tag.end;
            templates = Math.max(0, templates - (tag.name === "template" ? 1 : 0));
        } else if (/^<[a-z]/i.test(html.slice(start, start + 2))) {
            const tag = readTag(html, start + 1);
            at = tag.end;
            if (tag.name === "plaintext") {
                return scripts;
            }
            if (tag.name === "template") {
                templates += 1;
            }
            if (RAW_TEXT.has(tag.name)) {
                const text = rawText(html, tag);
                at = text.end;
                if (tag.name === "script" && text.isClosed && templates === 0 && isModule(tag.attributes)) {
                    scripts.push({ start, end: at, attributes: tag.attributes, content: html.slice(tag.end, text.contentEnd) });
                }
            }
        }
    }
}

const isModule = (attributes: Map<string, string>): boolean => attributes.get("type")?.trim().toLowerCase() === "module";

const after = (html: string, text: string, from: number): number => {
    const found = html.indexOf(text, from);
    return found === -1 ? html.length : found + text.length;
};

/**
 * Returns the end of a comment: it ends with `-->` or `--!>`; `<!-->` and `<!--->` are whole
 * comments.
 */
function endOfComment(html: string, start: number): number {
    const end = /^<!--(?:-?>|[^]*?--!?>)/.exec(html.slice(start));
    return end ? start + end[0].length : html.length;
}

/** Reads a tag. `at` is the offset of the name's first letter. */
function readTag(html: string, at: number): StartTag {
    const name = /^[^\t\n\f\r />]*/.exec(html.slice(at, at + 64))![0];
    const attributes = new Map<string, string>();
    // One attribute: a name, which may begin with "=", and optionally a value in single, double or
    // no quotes.
    const attribute = /[\t\n\f\r /]*(?:(>)|(=?[^\t\n\f\r />=]*)(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"]*)(?:"|$)|'([^']*)(?:'|$)|([^\t\n\f\r >]*)))?)/y;
    attribute.lastIndex = at + name.length;
    let isClosed = false;
    while (attribute.lastIndex < html.length) {
        const [found, close, attributeName = "", double, single, bare] = attribute.exec(html) ?? [""];
        isClosed = !!close;
        if (isClosed || !found) {
            break;
        }
        const key = attributeName.toLowerCase();
        if (key && !attributes.has(key)) {
            attributes.set(key, decode(double ?? single ?? bare ?? ""));
        }
    }
    return { name: name.toLowerCase(), attributes, end: attribute.lastIndex || html.length, isClosed };
}

/** Returns the end of a raw text element's content, and of its end tag. */
function rawText(html: string, tag: StartTag): { contentEnd: number; end: number; isClosed: boolean } {
    const marks = new RegExp(`<!--(?!-*>)|-->|<(/?)${tag.name}(?=[\\t\\n\\f\\r />])`, "gi");
    marks.lastIndex = tag.end;
    // In a script's "<!-- <script> ... </script> -->", the end tag is text ("double escaped").
    let isEscaped = false;
    let isDoubleEscaped = false;
    for (let mark = marks.exec(html); mark; mark = marks.exec(html)) {
        if (mark[0] === "<!--") {
            isEscaped = tag.name === "script";
        } else if (mark[0] === "-->") {
            isEscaped = isDoubleEscaped = false;
        } else if (!mark[1]) {
            isDoubleEscaped = isEscaped;
        } else if (isDoubleEscaped) {
            isDoubleEscaped = false;
        } else {
            const { end, isClosed } = readTag(html, mark.index + 2);
            return { contentEnd: mark.index, end, isClosed };
        }
    }
    return { contentEnd: html.length, end: html.length, isClosed: false };
}

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Decodes the character references that occur in URLs. */
const decode = (value: string): string =>
    value.replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(amp|lt|gt|quot|apos));/gi, (whole, hex, decimal, name) => {
        if (name) {
            return NAMED[name.toLowerCase()]!;
        }
        const code = hex ? parseInt(hex, 16) : parseInt(decimal, 10);
        return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    });
