type Resolvable<T> = T | Promise<T> | (() => T) | (() => Promise<T>)

/** A value, or what makes it: citty takes both everywhere. */
export const resolve = <T>(value: Resolvable<T>): T | Promise<T> => (isMaker(value) ? value() : value)

const isMaker = <T>(value: Resolvable<T>): value is (() => T) | (() => Promise<T>) => typeof value === 'function'
