/** The differences that cannot be mended: those that the package's README lists under "What a page can still tell". */
const CHALLENGED = ["a call that is challenged"];

const DIFFERENCES = [
    // The platform puts the name of the function before its message, and would convert the object again.
    { names: /^xhr: (open\(\) with an object without toString|send\(\) of what can't be sent)$/ },
    // `fetch` is asked whether it has a body and a signal.
    { names: /^fetch: the order in which an init is read, and how$/ },
    // The challenge fails it.
    { names: /^fetch: init has an integrity that fails$/, kinds: CHALLENGED }
];

/** Beside a library that was loaded before early init, which gets our calls. */
const BESIDE = {
    // Its own `dispatchEvent` and order of listeners: ours is among them.
    zone: /^xhr: (abort\(\) (at once|in the next turn): GET|handlers and listeners, in their order)$/,
    // It takes any `this`; we pass on no arguments with a wrong one.
    sentry: /^fetch: misuse: (another this|this of a)/,
    // It drops what a `Request` says of the referrer, and we give it one; it takes any `this`.
    interceptors: /^fetch: (init .*referrer|the order in which arguments are converted|misuse: (another this|this of a))/
};

/** Tells whether this difference is known, and documented. */
export const explained = (name, kind) => DIFFERENCES.some(({ names, kinds }) => names.test(name) && (!kinds || kinds.includes(kind)));

/** The same, beside a library that was loaded before early init. */
export const explainedBeside = (name, library) => explained(name) || BESIDE[library]?.test(name) === true;
