// The HTML reader against parse5, which builds the whole tree as browsers do. What fails is made as small as it can be, and
// printed with the seed that finds it again: FUZZ_SEED=... node --test test/unit/html-fuzz.test.mjs
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "parse5";
import { findModuleScripts } from "../../dist/vite-plugin/html.js";

const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
const numRuns = Number(process.env.FUZZ_RUNS ?? 4000);
const settings = { seed, numRuns };

/** Whole constructs, for what lies between them to be reached. */
const pieces = [
    '<script type="module" src="/a.js"></script>',
    "<script type=module>let a = 1 < 2;</script>",
    "<SCRIPT\n TYPE = 'Module' src=/b.js?x=1&amp;y=&#x32; ></SCRIPT\n>",
    '<script type="module" src="/c.js" />',
    "<script>", "<script type=module>", "</script>", "</script ", "<script", "type=module", "type", "src='/d.js'",
    "<!--", "-->", "--!>", "<!-->", "<!--->", "--", "<!", "<!doctype html>", "<?php ?>", "<![CDATA[", "]]>", "</", "</>", "<>",
    "<template>", "</template>", "<title>", "</title>", "<textarea>", "</textarea>", "<style>", "</style>", "<noscript>",
    "</noscript>", "<iframe>", "</iframe>", "<xmp>", "</xmp>", "<noembed>", "</noembed>", "<plaintext>", "<p>", "</p>", "<div a=\"", "<div a='",
    "<div a=", "<a/b=c>", "<html>", "<head>", "</head>", "<body>", "</body>", "</html>", "<scripty>", "<script-x type=module>", "<br/>"
];
const page = fc
    .array(
        fc.oneof(
            { weight: 4, arbitrary: fc.constantFrom(...pieces) },
            { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(..."<>/!-=\"' \t\nascript"), maxLength: 6 }) }
        ),
        { maxLength: 24 }
    )
    .map(parts => parts.join(""));

/** The module scripts of the tree that a browser would run: closed, and not in a template. */
function oracle(html) {
    const scripts = [];
    const visit = node => {
        const location = node.sourceCodeLocation;
        const attributes = Object.fromEntries((node.attrs ?? []).map(({ name, value }) => [name, value]));
        if (node.tagName === "script" && location?.endTag && attributes.type?.trim().toLowerCase() === "module") {
            const content = html.slice(location.startTag.endOffset, location.endTag.startOffset);
            scripts.push({ start: location.startOffset, end: location.endOffset, attributes, content });
        }
        // The content of a template is no child of it.
        node.childNodes?.forEach(visit);
    };
    visit(parse(html, { sourceCodeLocationInfo: true }));
    return scripts.sort((a, b) => a.start - b.start);
}

const read = html => findModuleScripts(html).map(script => ({ ...script, attributes: Object.fromEntries(script.attributes) }));

test("rc13_the HTML reader finds the module scripts that a browser finds", () => {
    let found = 0;
    fc.assert(
        fc.property(page, html => {
            const scripts = read(html);
            found += scripts.length;
            assert.deepEqual(scripts, oracle(html));
        }),
        settings
    );
    assert.ok(found > numRuns / 10, "the pages hold scripts");
});

test("whatever the text is, scripts lie in it, in order, and apart", () => {
    fc.assert(
        fc.property(fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), page), html => {
            let at = 0;
            for (const { start, end, content } of findModuleScripts(html)) {
                assert.ok(at <= start && start < end && end <= html.length);
                assert.match(html.slice(start, end), /^<script[^]*<\/script/i);
                assert.ok(html.slice(start, end).includes(content));
                at = end;
            }
        }),
        settings
    );
});
