/**
 * Do two URLs belong to one site, so that cookies of the one reach its iframe in the other? Without the public suffix
 * list this is a guess by the last two labels: where it is wrong, the iframe finds nobody.
 */
export const isSameSite = (one: string, other: string): boolean => site(one) === site(other);

/** An IP address or a single label shares its site with nobody. */
const site = (url: string): string => {
    const { protocol, hostname } = new URL(url);
    return protocol + (/[^.]+\.[^.\d][^.]*$/.exec(hostname)?.[0] ?? hostname);
};
