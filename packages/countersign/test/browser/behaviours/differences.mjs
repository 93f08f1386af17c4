/** The differences that cannot be mended: those that the package's README lists under "What a page can still tell". */
const CHALLENGED = ["a call that is challenged"];

const DIFFERENCES = [
    // The platform puts the name of the function before its message, and would convert the object again.
    { names: /^xhr: (open\(\) with an object without toString|send\(\) of what can't be sent)$/ },
    // The challenge fails it.
    { names: /^fetch: init has an integrity that fails$/, kinds: CHALLENGED },
    // The body was uploaded before the challenge came.
    { names: /^xhr: (a redirect by 30[123] of a POST to far|abort\(\) under way: POST|open\(\) again under way|timeout)$/, kinds: CHALLENGED }
];

/** Tells whether this difference is known, and documented. */
export const explained = (name, kind) => DIFFERENCES.some(({ names, kinds }) => names.test(name) && (!kinds || kinds.includes(kind)));
