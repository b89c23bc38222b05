import { join } from 'node:path'
import { bypassLoopback } from '../network/proxy'
import { runtimeSpec } from './catalog'

/** What any program needs: who and where the user is, language, terminal, temporary files. */
const BASE = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TZ', 'TERM', 'TMPDIR']
const XDG = ['XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'XDG_STATE_HOME', 'XDG_CACHE_HOME', 'XDG_RUNTIME_DIR']
/** Ways into the network. */
export const NETWORK: readonly string[] = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
]
const CERTIFICATES = ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE']
const WINDOWS = [
  'SystemRoot',
  'SystemDrive',
  'ComSpec',
  'PATHEXT',
  'APPDATA',
  'LOCALAPPDATA',
  'USERPROFILE',
  'TEMP',
  'TMP',
]
const ALLOWED = new Set([...BASE, ...XDG, ...NETWORK, ...CERTIFICATES, ...WINDOWS])

/** Folders that installers use and the PATH of a service manager often lacks. */
export function installerFolders(home: string): string[] {
  const own = ['.local/bin', '.bun/bin', '.npm-global/bin', '.volta/bin', '.opencode/bin', '.cargo/bin']
  return [...own.map((folder) => join(home, folder)), '/opt/homebrew/bin', '/usr/local/bin']
}

/** The daemon's PATH with the installer folders behind it. */
export function searchPath(env: Record<string, string | undefined>): string {
  const separator = process.platform === 'win32' ? ';' : ':'
  const given = (env.PATH ?? '').split(separator).filter(Boolean)
  const extra = installerFolders(env.HOME ?? '/').filter((folder) => !given.includes(folder))
  return [...given, ...extra].join(separator)
}

/** Values of the variables that a runtime logs in with and that are credentials: what the agent says must not hold them. */
export function loginSecrets(kind: string, parent: Record<string, string | undefined>): string[] {
  const names = runtimeSpec(kind)?.loginEnv.filter((name) => /KEY|TOKEN|SECRET|PASS|NEKO_WS/.test(name)) ?? []
  return names.flatMap((name) => parent[name] ?? [])
}

/**
 * The complete environment of an agent: an allow-list of the daemon's own, the variables that this runtime logs in with,
 * and `extra` (the agent's own settings) on top. Nothing of the daemon's credentials is on the list.
 * @param kind of the catalog; an unknown kind has no login variables
 */
export function runtimeEnv(
  kind: string,
  parent: Record<string, string | undefined>,
  extra: Record<string, string> = {},
): Record<string, string> {
  const login = new Set(runtimeSpec(kind)?.loginEnv)
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(parent))
    if (value !== undefined && (ALLOWED.has(name) || name.startsWith('LC_') || login.has(name))) env[name] = value
  const merged: Record<string, string> = { ...env, PATH: searchPath(parent), ...extra }
  // The daemon's tools are on loopback, and no proxy knows the way there.
  bypassLoopback(merged)
  return { LANG: 'C.UTF-8', TERM: 'dumb', ...merged }
}
