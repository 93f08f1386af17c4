// Method and URI (RFC 9449, 4.3, 8 and 9; RFC 3986, 6.2.2 and 6.2.3).
import { accept, refuse } from "../cases.mjs";

// V8, P3
accept("V8", "get", "The same method.");
accept("V8", "post", "Another, on both sides.", { method: "POST" });
accept("V8", "extension-method", "A method that HTTP does not define.", { method: "PURGE" });
accept("V8", "lower-case-on-both-sides", "`get` is a method of its own.", { method: "get" });
const method = (row, id, says, htm, sent = "GET") =>
    refuse(row, id, says, "invalid_dpop_proof", "HtmMismatch", { method: sent, proof: { claims: { htm } } });
method("V8", "other", "For another method.", "POST");
method("V8", "lower-case", "Methods are case-sensitive (RFC 9110, 9.1).", "get");
method("V8", "mixed-case", "Methods are case-sensitive.", "Get");
method("V8", "blank", "A blank after it.", "GET ");
method("V8", "head-is-not-get", "HEAD is not GET.", "GET", "HEAD");
accept("P3", "as-sent", "Exactly as it is sent.", { method: "DELETE" });
method("P3", "lower-case-sent", "The request says `get`, the proof GET.", "GET", "get");
method("P3", "wildcard", "There is no wildcard.", "*");
method("P3", "list", "There is no list.", "GET POST");

// V9, P4
const same = (row, id, says, url, htu) => accept(row, id, says, { url, proof: { claims: { htu } } });
const other = (row, id, says, url, htu) =>
    refuse(row, id, says, "invalid_dpop_proof", "HtuMismatch", { url, proof: { claims: { htu } } });
const broken = (row, id, says, htu) =>
    refuse(row, id, says, "invalid_dpop_proof", "HtuMalformed", { proof: { claims: { htu } } });
const BASE = "https://api.example.com";
same("V9", "same", "The request's URI.", `${BASE}/notes`, `${BASE}/notes`);
same("V9", "query-in-request", "The request's query is ignored.", `${BASE}/notes?page=2&x=/`, `${BASE}/notes`);
same("V9", "query-in-htu", "So is one in `htu`.", `${BASE}/notes`, `${BASE}/notes?page=2`);
same("V9", "other-query", "Two different ones.", `${BASE}/notes?a`, `${BASE}/notes?b`);
same("V9", "fragment-in-htu", "A fragment is ignored.", `${BASE}/notes`, `${BASE}/notes#top`);
same("V9", "query-with-fragment", "Both.", `${BASE}/notes?a#b`, `${BASE}/notes?c=?#d`);
other("V9", "path", "Another path.", `${BASE}/notes`, `${BASE}/admin`);
other("V9", "path-case", "Paths are case-sensitive.", `${BASE}/notes`, `${BASE}/Notes`);
other("V9", "trailing-slash", "A slash at the end.", `${BASE}/notes`, `${BASE}/notes/`);
other("V9", "trailing-slash-missing", "No slash at the end.", `${BASE}/notes/`, `${BASE}/notes`);
other("V9", "prefix", "A part of the path.", `${BASE}/notes/1`, `${BASE}/notes`);
other("V9", "host", "Another host.", `${BASE}/notes`, "https://evil.example/notes");
other("V9", "subdomain", "A host below.", `${BASE}/notes`, "https://x.api.example.com/notes");
other("V9", "scheme", "Another scheme.", `${BASE}/notes`, "http://api.example.com/notes");
other("V9", "port", "Another port.", `${BASE}/notes`, `${BASE}:8443/notes`);
other("V9", "double-slash", "Double slashes are kept.", `${BASE}/a/b`, `${BASE}/a//b`);
/**
 * Adds an encoding that no encoder writes, and that a router may read as another path than the
 * proof's.
 */
const encoded = (id, says, url, htu) =>
    refuse("V9", id, says, "invalid_request", "Target", { url, proof: { claims: { htu } } });
encoded("letter-encoded-in-request", "A letter of the request's path is encoded: a router may send it elsewhere.", `${BASE}/users/%6de`, `${BASE}/users/me`);
encoded("letter-encoded-on-both-sides", "Whatever the proof names.", `${BASE}/users/%6de`, `${BASE}/users/%6de`);
encoded("digit-encoded-in-request", "A digit.", `${BASE}/notes/%31`, `${BASE}/notes/1`);
encoded("hyphen-encoded-in-request", "A hyphen.", `${BASE}/a%2Db`, `${BASE}/a-b`);
encoded("dot-encoded-in-request", "A dot.", `${BASE}/a%2eb`, `${BASE}/a.b`);
encoded("underscore-encoded-in-request", "An underscore.", `${BASE}/a%5Fb`, `${BASE}/a_b`);
broken("V9", "relative", "Without scheme and host.", "/notes");
broken("V9", "no-scheme", "Without a scheme.", "//api.example.com/notes");
broken("V9", "userinfo", "With a user name.", "https://ann@api.example.com/notes");
broken("V9", "userinfo-as-host", "A host that is a user name.", "https://api.example.com@evil.example/notes");
broken("V9", "backslash", "A backslash is no slash.", "https:\\\\api.example.com\\notes");
broken("V9", "one-slash", "One slash does not make a host.", "https:/api.example.com/notes");
broken("V9", "tab", "A tab is not left out.", "https://api.example.com/no\ttes");
broken("V9", "blank-before", "A blank is not left out.", " https://api.example.com/notes");
broken("V9", "not-ascii-host", "A host in Unicode.", "https://apì.example.com/notes");
broken("V9", "not-ascii-path", "A path in Unicode.", "https://api.example.com/nötes");
broken("V9", "other-scheme", "A scheme that is not HTTP's.", "wss://api.example.com/notes");
broken("V9", "empty-host", "Without a host.", "https:///notes");
broken("V9", "port-of-letters", "A port that is no number.", "https://api.example.com:https/notes");
broken("V9", "port-too-high", "A port beyond 65535.", "https://api.example.com:65536/notes");
same("P4", "without-query", "A client leaves the query out.", `${BASE}/notes?page=2`, `${BASE}/notes`);
other("P4", "origin-alone", "The origin alone.", `${BASE}/notes`, BASE);
broken("P4", "path-alone", "The path alone.", "notes");
other("P4", "encoded-query", "A query encoded into the path.", `${BASE}/notes?a`, `${BASE}/notes%3Fa`);

// V10
same("V10", "scheme-case", "Schemes are case-insensitive.", `${BASE}/notes`, "HTTPS://api.example.com/notes");
same("V10", "host-case", "Hosts are case-insensitive.", `${BASE}/notes`, "https://API.Example.COM/notes");
same("V10", "host-case-in-request", "On either side.", "https://API.example.com/notes", `${BASE}/notes`);
same("V10", "default-port", "443 is https's own.", `${BASE}/notes`, `${BASE}:443/notes`);
same("V10", "default-port-in-request", "On either side.", `${BASE}:443/notes`, `${BASE}/notes`);
same("V10", "empty-port", "An empty port is the default.", `${BASE}/notes`, `${BASE}:/notes`);
same("V10", "port-with-zeros", "0443 is 443.", `${BASE}/notes`, `${BASE}:0443/notes`);
same("V10", "http-default-port", "80 is http's own.", "http://localhost/notes", "http://localhost:80/notes");
same("V10", "other-port", "The same other port.", `${BASE}:8443/notes`, `${BASE}:8443/notes`);
same("V10", "unreserved-encoded", "An unreserved character is the same encoded.", `${BASE}/~ann`, `${BASE}/%7Eann`);
same("V10", "letter-encoded", "A letter, too.", `${BASE}/notes`, `${BASE}/%6eotes`);
same("V10", "tilde-encoded-in-request", "A tilde, which some encoders encode.", `${BASE}/%7Eann`, `${BASE}/~ann`);
same("V10", "encoding-case", "Encodings are case-insensitive.", `${BASE}/a%2Fb`, `${BASE}/a%2fb`);
same("V10", "dot-segment", "A dot segment.", `${BASE}/notes`, `${BASE}/./notes`);
same("V10", "dot-segments", "Two dots go up.", `${BASE}/notes`, `${BASE}/a/b/../../notes`);
same("V10", "dot-segments-encoded", "Encoded dots are dots.", `${BASE}/notes`, `${BASE}/a/%2e%2E/notes`);
same("V10", "dot-segments-above-root", "There is nothing above the root.", `${BASE}/notes`, `${BASE}/../../notes`);
same("V10", "dot-segments-in-request", "On either side.", `${BASE}/a/../notes`, `${BASE}/notes`);
same("V10", "empty-path", "An empty path is `/`.", `${BASE}/`, BASE);
same("V10", "empty-path-in-request", "On either side.", BASE, `${BASE}/`);
same("V10", "empty-path-with-query", "Before a query, too.", `${BASE}?a`, `${BASE}/`);
same("V10", "ipv6", "IPv6 addresses have several spellings.", "https://[2001:db8::1]/notes", "https://[2001:DB8:0:0:0:0:0:1]/notes");
same("V10", "ipv6-loopback", "A port after the bracket.", "http://[::1]:8080/notes", "http://[0:0:0:0:0:0:0:1]:8080/notes");
same("V10", "a-label", "An internationalised name in its ASCII form.", "https://xn--bcher-kva.example/notes", "https://XN--BCHER-KVA.example/notes");
other("V10", "encoded-slash", "%2F is not a slash.", `${BASE}/a/b`, `${BASE}/a%2Fb`);
other("V10", "plus-is-no-blank", "+ and %20 differ.", `${BASE}/a+b`, `${BASE}/a%20b`);
other("V10", "reserved-encoded", "A reserved character encoded is another.", `${BASE}/a:b`, `${BASE}/a%3Ab`);
other("V10", "trailing-dot-host", "A dot at the host's end is kept.", `${BASE}/notes`, "https://api.example.com./notes");
other("V10", "ipv4-short", "127.1 is a name, not 127.0.0.1.", "http://127.0.0.1/notes", "http://127.1/notes");
other("V10", "ipv4-hexadecimal", "0x7f000001 is a name.", "http://127.0.0.1/notes", "http://0x7f000001/notes");
other("V10", "localhost-is-no-address", "Names are not resolved.", "http://localhost/notes", "http://127.0.0.1/notes");
other("V10", "ports-of-other-schemes", "80 is not https's own port.", `${BASE}/notes`, `${BASE}:80/notes`);
other("V10", "encoded-twice", "Decoded once, not twice.", `${BASE}/~ann`, `${BASE}/%257Eann`);
other("V10", "semicolon", "Parameters of a segment are part of it.", `${BASE}/notes`, `${BASE}/notes;a`);

// Requests that no HTTP server passes on.
for (const [id, url] of [
    ["relative", "/notes"],
    ["userinfo", "https://ann@api.example.com/notes"],
    ["other-scheme", "ftp://api.example.com/notes"],
    ["blank", "https://api.example.com/no tes"],
    ["not-ascii", "https://api.example.com/nötes"],
    ["empty", ""]
]) {
    refuse("HTTP", `url-${id}`, "No URL that a request can be for.", "invalid_request", "NotHttp", { url });
}
refuse("HTTP", "method-with-blank", "No HTTP method.", "invalid_request", "NotHttp", { method: "GET /" });
refuse("HTTP", "method-empty", "No HTTP method.", "invalid_request", "NotHttp", { method: "" });
for (const [id, name] of [
    ["blank-after-name", "DPoP "],
    ["colon-in-name", "DPoP:"],
    ["empty-name", ""],
    ["name-not-ascii", "DPöP"]
]) {
    refuse("HTTP", id, "No header name.", "invalid_request", "NotHttp", {
        headers: ({ authorization, proof }) => [authorization, ["DPoP", proof()], [name, "x"]]
    });
}
for (const [id, value] of [
    ["line-feed", "a\nb"],
    ["carriage-return", "a\rb"],
    ["null", "a\0b"],
    ["delete", "a\x7fb"],
    ["escape", "\x1b[0m"]
]) {
    refuse("HTTP", `value-with-${id}`, "No header value, though in a header that nobody reads.", "invalid_request", "NotHttp", {
        headers: ({ authorization, proof }) => [authorization, ["DPoP", proof()], ["X-Note", value]]
    });
}
accept("HTTP", "other-headers", "Headers that nobody reads.", {
    headers: ({ authorization, proof }) => [
        ["Host", "evil.example"],
        ["X-Forwarded-Host", "evil.example"],
        authorization,
        ["Accept", "*/*"],
        ["X-Note", "schön\tund gut"],
        ["DPoP", proof()],
        ["accept", "text/html"]
    ]
});
