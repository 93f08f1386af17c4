/** Assertions for the compiler: the argument has to be the type `true`. */

export type Expect<T extends true> = T;
export type ExpectAll<T extends readonly true[]> = T;
export type Not<T extends boolean> = T extends true ? false : true;

/** Whether a value of type `Value` is accepted where `Wanted` is expected. */
export type IsAssignable<Value, Wanted> = [Value] extends [Wanted] ? true : false;

/** The names of an object literal that the compiler would refuse where `Wanted` is expected. */
export type UnknownNames<Literal, Wanted> = Exclude<keyof Literal, Wanted extends unknown ? keyof Wanted : never>;

/** Whether an object literal of this type compiles where `Wanted` is expected. */
export type Compiles<Literal, Wanted> = IsAssignable<Literal, Wanted> extends true
    ? [UnknownNames<Literal, Wanted>] extends [never]
        ? true
        : false
    : false;
