/** Where released daemons are, unless the operator says otherwise; the scripts know the version. */
export const RELEASES = 'https://github.com/ca-x/nekode/releases/download/v{version}'

export interface Release {
  /** Of the daemon to install, without `v`. */
  version: string
  /** Address of a folder with the archives and their SHA256SUMS.txt. Default: the project's releases. */
  baseUrl?: string | undefined
}

/** The address of the folder, with the version in it. */
export const releaseUrl = ({ version, baseUrl }: Release): string =>
  (baseUrl ?? RELEASES).replaceAll('{version}', version)

export type ScriptKind = 'sh' | 'ps1'

/** What a person pastes into a terminal. */
export function installCommands(serverUrl: string, id: string, code: string): { shell: string; powershell: string } {
  // A person carries this through two shells: what means something to them is written as an address may write it.
  const base = serverUrl.replace(/[\s'"`$()\\]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const address = (file: string): string => `${base}/api/daemon/enrollments/${id}/${file}?code=${code}`
  return {
    shell: `sudo bash -c "$(curl -fsSL '${address('install.sh')}')"`,
    powershell: `powershell -NoProfile -ExecutionPolicy Bypass -Command "irm '${address('install.ps1')}' | iex"`,
  }
}
