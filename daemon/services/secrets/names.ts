import { NekodeError } from '@shared/errors'

/** The providers of models whose keys everything on this computer knows by these names, as people read them. */
export const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['anthropic', 'Anthropic'],
  ['openai', 'OpenAI'],
  ['mistral', 'Mistral'],
  ['groq', 'Groq'],
  ['deepseek', 'DeepSeek'],
  ['gemini', 'Gemini'],
  ['xai', 'xAI'],
])

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/
const PROVIDER_VARIABLE = /^([A-Z]+)_API_KEY$/

/**
 * The one name of a secret: a provider goes by its own name and by that of its variable, `anthropic` and `ANTHROPIC_API_KEY`.
 * @throws NekodeError invalid `SECRET-004`
 */
export function secretName(given: string): string {
  if (!NAME.test(given))
    throw new NekodeError('invalid', `“${given.slice(0, 140)}” cannot be the name of a secret.`, {
      code: 'SECRET-004',
      next: 'A name has up to 128 letters, digits, dots, dashes and underscores, and begins with a letter or an underscore.',
    })
  return canonical(given)
}

/** The one name of a secret, whatever is given. */
export function canonical(given: string): string {
  const provider = PROVIDER_VARIABLE.exec(given)?.[1]?.toLowerCase()
  return provider !== undefined && PROVIDERS.has(provider) ? provider : given
}

/** The environment variable that a secret is given to programs in. */
export function variableOf(name: string): string {
  if (PROVIDERS.has(name)) return `${name.toUpperCase()}_API_KEY`
  return /^[A-Za-z0-9_]+$/.test(name) ? name : name.toUpperCase().replace(/[^A-Z0-9_]/g, '_')
}

/** Longest value, in UTF-8 bytes: any key, token or certificate fits. */
export const MAX_VALUE = 64 * 1024

/** @throws NekodeError invalid `SECRET-002` for a value that no environment can hold */
export function checkValue(name: string, value: string): void {
  const problem =
    value === ''
      ? 'is empty'
      : value.includes('\0')
        ? 'holds a NUL character, which no environment can carry'
        : Buffer.byteLength(value) > MAX_VALUE
          ? `is longer than ${MAX_VALUE / 1024} KiB`
          : undefined
  if (problem === undefined) return
  throw new NekodeError('invalid', `The value of the secret ${name} ${problem}.`, {
    code: 'SECRET-002',
    next: 'Nothing was stored. Give another value.',
  })
}
