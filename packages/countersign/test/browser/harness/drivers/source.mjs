/** Functions and values of the test's process as source text, for a page. */

/**
 * An expression that calls a function with an argument, or the text of an expression as it is.
 *
 * @param {string | Function} script
 */
export function source(script, argument) {
    return typeof script === "function" ? `(${script})(${literal(argument)})` : script;
}

/** Plain values as a literal: JSON's, and `undefined`, regular expressions and every number. */
export function literal(value) {
    if (Array.isArray(value)) {
        return `[${value.map(literal).join(",")}]`;
    }
    if (value instanceof RegExp) {
        return String(value);
    }
    if (typeof value === "object" && value !== null) {
        const members = Object.entries(value).map(([name, member]) => `[${JSON.stringify(name)}]:${literal(member)}`);
        return `{${members.join(",")}}`;
    }
    if (typeof value === "number") {
        return Object.is(value, -0) ? "-0" : String(value);
    }
    return value === undefined ? "undefined" : JSON.stringify(value);
}
