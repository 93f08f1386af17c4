/**
 * The differences that cannot be mended: those that the package's README lists under "What a page can still tell", and
 * those of one browser, which `docs/browsers.md` lists.
 */
const CHALLENGED = "a call that is challenged";
const BOUND = ["a call with our token", CHALLENGED];

/**
 * @typedef {object} Difference
 * @property {RegExp} names of behaviours
 * @property {string[]} [kinds] of calls; all if there is none
 * @property {string[]} [browsers] all if there is none
 * @property {boolean} [isRare] it does not come up each time
 */

/** @type {Difference[]} */
const DIFFERENCES = [
    // The platform puts the name of the function before its message.
    { names: /^xhr: open\(\) with an object without toString$/, browsers: ["chromium"] },
    { names: /^xhr: send\(\) of what can't be sent$/, kinds: BOUND, browsers: ["chromium"] },
    // Firefox names the expression that it can't convert.
    { names: /^(fetch: misuse: a URL without a toString|xhr: send\(\) of what can't be sent)$/, browsers: ["firefox"] },
    // `fetch` is asked whether it has a body and a signal.
    { names: /^fetch: the order in which an init is read, and how$/ },
    // The challenge fails it.
    { names: /^fetch: init has an integrity that fails$/, kinds: [CHALLENGED] },
    // Firefox aborts a request whose instance was aborted before `send()`. Ours is opened anew.
    { names: /^xhr: abort\(\) before send\(\)$/, kinds: BOUND, browsers: ["firefox"] },
    // MSW's interceptors abort before they send.
    { names: /^xhr: (abort\(\) (at once|in the next turn): |open\(\) again inside loadstart$)/, kinds: ["beside interceptors"], browsers: ["firefox"] },
    // Firefox takes listeners of an upload at any time, Chromium until `loadstart` has fired, WebKit in `send()` only.
    { names: /^xhr: a listener of upload is added after send\(\)$/, kinds: BOUND, browsers: ["firefox"] },
    { names: /^xhr: a listener of upload is added inside loadstart$/, kinds: BOUND, browsers: ["webkit"] },
    // The upload was complete with the first request. Elsewhere it is, too, if the second one fails.
    { names: /^xhr: a POST that fails: (cut|in a loop)$/, kinds: [CHALLENGED], browsers: ["firefox"] },
    // WebKit drops the reason of a signal that aborts as soon as `fetch` was called. Ours has it.
    { names: /^fetch: aborted (at once afterwards|twice)/, kinds: BOUND, browsers: ["webkit"] },
    { names: /^fetch: (the signal of a Request|a signal over that of a Request)$/, kinds: BOUND, browsers: ["webkit"], isRare: true },
    // WebKit says of an upload of no bytes that its length is not known.
    { names: /^xhr: POST of an empty string$/, kinds: BOUND, browsers: ["webkit"] },
    // WebKit takes a `timeout` after `send()` only in the place of another. Ours counts if it is set before we send.
    { names: /^xhr: timeout that is set after send\(\)$/, kinds: BOUND, browsers: ["webkit"] },
    // WebKit's own class for events of an XHR can't be constructed.
    { names: /^xhr: the events in detail$/, kinds: BOUND, browsers: ["webkit"] },
    // WebKit sends equal requests once. A proof makes each another one.
    { names: /^xhr: five at once$/, kinds: BOUND, browsers: ["webkit"] },
    // WebKit fires `progress` late where the instance has fired one less than 50 ms ago, for the challenge.
    { names: /^xhr: abort\(\) inside progress$/, kinds: [CHALLENGED], browsers: ["webkit"], isRare: true }
];

/** Beside a library that was loaded before early init, which gets our calls. */
const BESIDE = {
    // Its own `dispatchEvent` and order of listeners: ours is among them. In WebKit, it does not abort what has just begun.
    zone: /^xhr: (abort\(\) (at once|in the next turn): GET|abort\(\) inside loadstart|handlers and listeners, in their order)$/,
    // It takes any `this`; we pass on no arguments with a wrong one.
    sentry: /^fetch: misuse: (another this|this of a)/,
    // It drops what a `Request` says of the referrer, and we give it one; it takes any `this`.
    interceptors: /^fetch: (init .*referrer|the order in which arguments are converted|misuse: (another this|this of a))/
};

const applies = ({ kinds, browsers }, kind, browser) => (!kinds || !kind || kinds.includes(kind)) && (!browsers || browsers.includes(browser));

/** Tells whether this difference is known, and documented. */
export const explained = (name, browser, kind) => DIFFERENCES.some(difference => difference.names.test(name) && applies(difference, kind, browser));

/** The same, beside a library that was loaded before early init. */
export const explainedBeside = (name, browser, library) => explained(name, browser) || BESIDE[library]?.test(name) === true;

/** Returns the documented differences that did not come up, though they should. `found`: names of behaviours */
export const missing = (found, browser, kind) =>
    DIFFERENCES.filter(difference => !difference.isRare && applies(difference, kind, browser) && !found.some(name => difference.names.test(name))).map(({ names }) => String(names));
