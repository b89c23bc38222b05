const HIDDEN = '[redacted]'
const SECRET_NAME = /token|secret|passw|authori[sz]ation|cookie|credential|api_?-?key|private_?-?key/i

/** Credentials by their looks: ours, an Authorization value, and the keys of the model providers. */
const SECRET_TEXT: readonly [RegExp, string][] = [
  [/\b(n[a-z]{2})_[A-Za-z0-9_-]{16,}/g, `$1_${HIDDEN}`],
  [/\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  [/\b(sk|pk|rk|ghp|gho|ghs|github_pat|xox[a-z])[-_][A-Za-z0-9_-]{16,}/g, `$1-${HIDDEN}`],
  [/\b(https?:\/\/)[^\s/@:]+:[^\s/@]+@/g, `$1${HIDDEN}@`],
  // Drizzle tells with a failed query all that was to be written: messages, hashes, whatever it is.
  [/^(Failed query: [\s\S]*?)\nparams: [\s\S]*$/, `$1\nparams: ${HIDDEN}`],
]

/** Text with everything that looks like a credential taken out. */
export function redactText(text: string): string {
  return SECRET_TEXT.reduce((clean, [pattern, instead]) => clean.replace(pattern, instead), text)
}

/** A copy of a value for showing: fields that are named like secrets lose their value, texts go through `redactText`. */
export function redact(value: unknown, depth = 6): unknown {
  if (typeof value === 'string') return redactText(value)
  if (typeof value === 'bigint') return Number(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Error) return redactText(value.message)
  if (depth === 0) return '…'
  if (Array.isArray(value)) return value.map((item) => redact(item, depth - 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      // Numbers stay: a count of tokens is no secret.
      SECRET_NAME.test(name) && typeof item === 'string' && item !== '' ? HIDDEN : redact(item, depth - 1),
    ]),
  )
}
