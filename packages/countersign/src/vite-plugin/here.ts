/**
 * The URL of this file. Apart from the rest because CommonJS has another word for it: there `cargo
 * xtask package` writes this module.
 */
// @ts-ignore The compiler refuses the word when it makes CommonJS.
export const here: string = import.meta.url;
