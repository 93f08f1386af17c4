/**
 * Tells whether two URLs belong to one site, so that cookies of the one are sent in its iframe in
 * the other. Without the public suffix list this is a guess by the last two labels. If it is wrong,
 * the iframe finds no session.
 */
export const isSameSite = (one: string, other: string): boolean => site(one) === site(other);

/** An IP address or a single label is a site of its own. */
const site = (url: string): string => {
    const { protocol, hostname } = new URL(url);
    return protocol + (/[^.]+\.[^.\d][^.]*$/.exec(hostname)?.[0] ?? hostname);
};
