/**
 * What of a workspace is shown to nobody else: an agent's memory, which is one for all its conversations while a reader shares perhaps one of
 * them, and what usually holds credentials. By name alone: a file that was called something else is the agent's to keep out of its folder.
 */
const NAMES = [
  /^\.env(?:\..+|rc)?$/,
  /^\.nekode/,
  /^\.(?:netrc|pgpass|my\.cnf|npmrc|pypirc|yarnrc(?:\.yml)?|git-credentials|htpasswd|vault-token|terraformrc)$/,
  /^_netrc$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?$/,
  /\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk|tfstate)$/,
  /^(?:credentials?|secrets?|tokens?)(?:\.(?:json|ya?ml|toml|ini|env|txt))?$/,
  /^service-account.*\.json$/,
]
const FOLDERS = new Set([
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.gcloud',
  '.kube',
  '.docker',
  '.claude',
  '.codex',
  '.gemini',
])
/** A clone's address may have a token in it. */
const PATHS = [
  /^MEMORY\.md$/i,
  /^notes(?:\/|$)/i,
  /(?:^|\/)\.git\/(?:config|credentials)$/i,
  /(?:^|\/)\.config\/gcloud(?:\/|$)/i,
]

/** @param path below the workspace, with forward slashes */
export function isHidden(path: string): boolean {
  const parts = path.toLowerCase().split('/')
  return (
    PATHS.some((pattern) => pattern.test(path)) ||
    parts.some((part) => FOLDERS.has(part) || NAMES.some((pattern) => pattern.test(part)))
  )
}
