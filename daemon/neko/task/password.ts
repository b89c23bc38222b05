import { readFileSync } from 'node:fs'
import { errorText, NekodeError } from '@shared/errors'

type Env = Record<string, string | undefined>

/**
 * The environment with the password out of the file that NEKO_PASS_FILE names, where NEKO_PASS is not given.
 * @throws NekodeError invalid `bad_settings` when it cannot be read
 */
export function withPasswordFile(env: Env): Env {
  const { NEKO_PASS, NEKO_PASS_FILE: path } = env
  if (NEKO_PASS || !path) return env
  try {
    return { ...env, NEKO_PASS: readFileSync(path, 'utf8').replace(/\r?\n$/, '') }
  } catch (cause) {
    throw new NekodeError('invalid', `NEKO_PASS_FILE cannot be read: ${errorText(cause)}.`, {
      code: 'bad_settings',
      cause,
    })
  }
}
