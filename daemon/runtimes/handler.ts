import type { z } from 'zod'

/** A handler of protocol values of one shape; it returns false, and does nothing, for a value that does not fit. */
export function on<T extends z.ZodType>(schema: T, handle: (value: z.infer<T>) => void): (value: unknown) => boolean {
  return (value) => {
    const parsed = schema.safeParse(value)
    if (parsed.success) handle(parsed.data)
    return parsed.success
  }
}
