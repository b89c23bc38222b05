import { secretName } from './names'
import { NekodeError } from '@shared/errors'
import { RuntimeFailure } from '../../runtimes/failure'
import type { SecretStore } from './secrets'

/** How the value of a variable names a secret of the computer. */
const PREFIX = 'secret:'

/** Names of the secrets that an environment refers to, as they stand there. */
export function referencesOf(env: Readonly<Record<string, string>>): string[] {
  return Object.values(env).flatMap((value) => (value.startsWith(PREFIX) ? [value.slice(PREFIX.length)] : []))
}

/** Changes when one of the secrets that an environment refers to is changed. */
export function revisionOf(store: SecretStore, env: Readonly<Record<string, string>>, agentId: string): string {
  const names = referencesOf(env)
  return names.length === 0 ? '' : store.revision(names, agentId)
}

/**
 * An agent's environment with the values of the secrets that it refers to. Only the environment of the child is made of it.
 * @param hide told of every value before it goes anywhere
 * @throws RuntimeFailure `secret_unavailable` that names what is missing
 */
export async function resolveReferences(
  store: SecretStore,
  { env, agentId, hide }: { env: Readonly<Record<string, string>>; agentId: string; hide(value: string): void },
): Promise<Record<string, string>> {
  const names = [...new Set(referencesOf(env))]
  if (names.length === 0) return { ...env }
  const values = await find(store, names, agentId)
  const missing = names.filter((name) => !values.has(name))
  if (missing.length > 0)
    throw new RuntimeFailure(
      'secret_unavailable',
      `The agent's environment refers to ${missing.map((name) => `“secret:${name}”`).join(', ')}, and there is no such secret on this computer. Store it there: nekode-daemon secrets set ${missing[0]}`,
    )
  for (const value of values.values()) hide(value)
  return Object.fromEntries(
    Object.entries(env).map(([variable, value]) => [
      variable,
      value.startsWith(PREFIX) ? (values.get(value.slice(PREFIX.length)) ?? value) : value,
    ]),
  )
}

async function find(store: SecretStore, names: string[], agentId: string): Promise<Map<string, string>> {
  try {
    for (const name of names) secretName(name)
    const found = await store.find(names, agentId)
    return new Map(
      names.flatMap((name, at): [string, string][] => {
        const value = found[at]?.value
        return value === undefined ? [] : [[name, value]]
      }),
    )
  } catch (cause) {
    if (!(cause instanceof NekodeError)) throw cause
    throw new RuntimeFailure('secret_unavailable', [cause.message, cause.next].filter(Boolean).join(' '), { cause })
  }
}
