type Host = { readonly hostname: string };

/**
 * Tells whether one host is the other or one of its subdomains: then they are one site, and cookies
 * of the one are sent in its iframe in the other. Of two other hosts, only the list of public
 * suffixes tells that: `shop.com.au` and `login.com.au` are two sites.
 */
export const areRelated = (one: Host, other: Host): boolean => isWithin(one, other) || isWithin(other, one);

const isWithin = (one: Host, other: Host): boolean => `.${one.hostname}`.endsWith(`.${other.hostname}`);
