/** Whether a write failed because a row with the same unique value is there already, in any of the three databases. */
export function isDuplicate(error: unknown): boolean {
  for (let e: unknown = error; typeof e === 'object' && e !== null; e = Reflect.get(e, 'cause')) {
    const codes = [Reflect.get(e, 'code'), Reflect.get(e, 'errno')].map(String)
    if (codes.some((c) => c.startsWith('SQLITE_CONSTRAINT_UNIQUE') || c.startsWith('SQLITE_CONSTRAINT_PRIMARYKEY')))
      return true
    if (codes.includes('23505') || codes.includes('1062') || codes.includes('ER_DUP_ENTRY')) return true
  }
  return false
}

/** The result of a write, or of `otherwise` when somebody else made the same thing first. */
export async function onDuplicate<T>(write: Promise<T>, otherwise: () => Promise<T> | never): Promise<T> {
  try {
    return await write
  } catch (error) {
    if (!isDuplicate(error)) throw error
    return otherwise()
  }
}
