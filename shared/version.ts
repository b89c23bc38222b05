/** Set when an executable is built. */
declare const NEKODE_VERSION: string | undefined
declare const NEKODE_COMMIT: string | undefined
declare const NEKODE_BUILD_TIME: string | undefined

/** `0.1.0`; `dev` when run from the sources. */
export const version: string = typeof NEKODE_VERSION === 'string' ? NEKODE_VERSION : 'dev'
/** The git commit; empty when run from the sources. */
export const commit: string = typeof NEKODE_COMMIT === 'string' ? NEKODE_COMMIT : ''
/** ISO 8601; empty when run from the sources. */
export const buildTime: string = typeof NEKODE_BUILD_TIME === 'string' ? NEKODE_BUILD_TIME : ''
