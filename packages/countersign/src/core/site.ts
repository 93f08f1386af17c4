/**
 * Do two URLs belong to one site, so that cookies of the one reach its iframe in the other? Without the public suffix
 * list this is a guess by the last two labels: where it is wrong, the iframe finds nobody.
 */
export function isSameSite(one: string, other: string): boolean {
    const [a, b] = [new URL(one), new URL(other)];
    if (a.protocol !== b.protocol) {
        return false;
    }
    return a.hostname === b.hostname || (site(a.hostname) !== undefined && site(a.hostname) === site(b.hostname));
}

/** `undefined`: an IP address or a single label, which shares its site with nobody. */
const site = (hostname: string): string | undefined => /[^.]+\.[^.\d][^.]*$/.exec(hostname)?.[0];
