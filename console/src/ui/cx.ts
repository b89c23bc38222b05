/** Joins class names, leaving out what is false. */
export const cx = (...classes: (string | false | undefined | null)[]): string => classes.filter(Boolean).join(' ')
