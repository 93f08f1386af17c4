// Which elements of a page are module scripts, as the HTML standard tokenizes it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findModuleScripts } from "../../dist/vite-plugin/html.js";

const sources = html => findModuleScripts(html).map(({ attributes, content }) => attributes.get("src") ?? content);

const cases = {
    "rc13_attributes in any order": ['<script src="/a.js" crossorigin type="module"></script>', ["/a.js"]],
    "single quotes, none, and spaces around =": ["<script type = 'module' src = /a.js></script><script type=module src=\"/b.js\"></script>", ["/a.js", "/b.js"]],
    "case and line breaks": ['<SCRIPT\n\tTYPE="Module"\n\tSRC="/a.js"\n></SCRIPT >', ["/a.js"]],
    "an unquoted value may hold a slash": ["<script type=module src=/a/b.js></script>", ["/a/b.js"]],
    "a self-closing slash is no value": ['<script type="module" src="/a.js" /></script>', ["/a.js"]],
    "quotes may hold >": ['<script data-a="x > y" type="module" src="/a.js"></script>', ["/a.js"]],
    "of repeated attributes the first": ['<script type="module" src="/a.js" src="/b.js"></script>', ["/a.js"]],
    "character references in a URL": ['<script type="module" src="/a.js?x=1&amp;y=&#x32;&#51;"></script>', ["/a.js?x=1&y=23"]],
    "inline scripts": ['<script type="module">import "./a.js"; const s = "<b>";</script>', ['import "./a.js"; const s = "<b>";']],
    "other scripts are not": ['<script src="/a.js"></script><script type="importmap">{}</script><script type="text/javascript">1</script><script type="module-x" src="/b.js"></script>', []],
    "data-type and data-src are other attributes": ['<script data-type="module" src="/a.js"></script><script type="module" data-src="/b.js"> </script>', [" "]],
    "comments": ['<!-- <script type="module" src="/a.js"></script> --><!--> <script type="module" src="/b.js"></script>', ["/b.js"]],
    "a comment that never ends": ['<!-- <script type="module" src="/a.js"></script>', []],
    "declarations and bogus comments": ['<!doctype html "<script type=module src=/a.js>"><?php <script type="module" src="/b.js"> ?></script><script type="module" src="/c.js"></script>', ["/c.js"]],
    "raw text": ['<title><script type="module" src="/a.js"></script></title><textarea><script type="module" src="/b.js"></script></textarea><noscript><script type="module" src="/c.js"></script></noscript><style>/*<script type="module" src="/d.js"></script>*/</style>', []],
    "inert templates": ['<template><template></template><script type="module" src="/a.js"></script></template><script type="module" src="/b.js"></script>', ["/b.js"]],
    "text in a script that looks like one": ['<script>document.write("<script type=module src=/a.js>");</script><script type="module" src="/b.js"></script>', ["/b.js"]],
    "a script in a script's comment": ['<script>/*<!-- <script type="module" src="/a.js"></script> -->*/</script><script type="module" src="/b.js"></script>', ["/b.js"]],
    "a lone < and an unknown end tag": ['a < b </> </3 <script type="module" src="/a.js"></script> <script type="module" src="/b.js"></script>', ["/b.js"]],
    "longer names": ['<scripty type="module" src="/a.js"></scripty><script-x type="module" src="/b.js"></script-x>', []],
    "a script that never ends": ['<script type="module" src="/a.js">', []],
    "a tag that never ends": ['<script type="module" src="/a.js', []],
    "an attribute that never ends holds no script": ['<a title=\'<script type="module" src="/a.js"></script><script type="module" src="/b.js"></script>', []],
    "an end tag that never ends": ['<script type="module" src="/a.js"></script ', []],
    "a script's comment that ends as it begins": ['<script><!--> <script></script><script type="module" src="/a.js"></script><script><!---> <script></script><script type="module" src="/b.js"></script>', ["/a.js", "/b.js"]],
    "nothing": ["", []]
};
for (const [name, [html, expected]] of Object.entries(cases)) {
    test(`module scripts: ${name}`, () => assert.deepEqual(sources(html), expected));
}

test("offsets enclose the element", () => {
    const html = 'x<script type="module" src="a"> y </script >z';
    const [{ start, end, content }] = findModuleScripts(html);
    assert.deepEqual([html.slice(start, end), content], ['<script type="module" src="a"> y </script >', " y "]);
});

test("a page of a million brackets takes no time", () => {
    const started = performance.now();
    findModuleScripts("<".repeat(1_000_000));
    findModuleScripts(`<a ${"=".repeat(200_000)}`);
    findModuleScripts("<script><!--".repeat(50_000));
    findModuleScripts("<!--".repeat(200_000));
    assert.ok(performance.now() - started < 3000);
});
