/** Something that is made when it is asked for first. */
export interface Lazy<T> {
  (): Promise<T>
  /** The value if it was ever asked for. */
  started(): Promise<T | undefined>
}

/** @param make called once, whoever asks how often */
export function lazily<T>(make: () => Promise<T>): Lazy<T> {
  let made: Promise<T> | undefined
  const get = () => {
    made ??= make()
    return made
  }
  return Object.assign(get, { started: async () => made })
}
