import { clip } from '../computers/text'
import { powershellQuote, shellQuote } from './quote'
import commonPs1 from './scripts/common.ps1' with { type: 'text' }
import commonSh from './scripts/common.sh' with { type: 'text' }
import downloadSh from './scripts/download.sh' with { type: 'text' }
import installPs1 from './scripts/install.ps1' with { type: 'text' }
import installSh from './scripts/install.sh' with { type: 'text' }
import reinstallPs1 from './scripts/reinstall.ps1' with { type: 'text' }
import reinstallSh from './scripts/reinstall.sh' with { type: 'text' }
import serviceSh from './scripts/service.sh' with { type: 'text' }
import uninstallPs1 from './scripts/uninstall.ps1' with { type: 'text' }
import uninstallSh from './scripts/uninstall.sh' with { type: 'text' }
import upgradePs1 from './scripts/upgrade.ps1' with { type: 'text' }
import upgradeSh from './scripts/upgrade.sh' with { type: 'text' }
import { type Release, RELEASES, type ScriptKind } from './release'

/** What every script is told about its server. */
export interface ScriptContext {
  /** Without a slash at the end. */
  serverUrl: string
  release: Release
}

export interface Enrolling {
  id: string
  /** Where the daemon connects; it may be another address than the one that people use. */
  daemonUrl: string
  /** One-use. Never a token. */
  code: string
  displayName: string
}

export type ManagementScript = `${'upgrade' | 'reinstall' | 'uninstall'}.${ScriptKind}`

/** The installer of one enrollment. */
export function installScript(kind: ScriptKind, context: ScriptContext, enrolling: Enrolling): string {
  const { id, code, daemonUrl, displayName } = enrolling
  const name = clip(displayName, 80).replaceAll('\n', ' ')
  return kind === 'sh'
    ? shell(
        context,
        { DAEMON_URL: daemonUrl, ENROLLMENT_ID: id, ENROLL_CODE: code, DISPLAY_NAME: name },
        downloadSh,
        serviceSh,
        installSh,
      )
    : powershell(context, { DaemonUrl: daemonUrl, EnrollmentId: id, EnrollCode: code }, installPs1)
}

/** A script for a machine that has a daemon already. */
export const managementScript = (name: ManagementScript, context: ScriptContext): string => management[name](context)

const management: Record<ManagementScript, (context: ScriptContext) => string> = {
  'upgrade.sh': (context) => shell(context, {}, downloadSh, serviceSh, upgradeSh),
  'reinstall.sh': (context) => shell(context, {}, downloadSh, serviceSh, reinstallSh),
  'uninstall.sh': (context) => shell(context, {}, serviceSh, uninstallSh),
  'upgrade.ps1': (context) => powershell(context, {}, upgradePs1),
  'reinstall.ps1': (context) => powershell(context, {}, reinstallPs1),
  'uninstall.ps1': (context) => powershell(context, {}, uninstallPs1),
}

function shell({ serverUrl, release }: ScriptContext, more: Record<string, string>, ...parts: string[]): string {
  const values = { SERVER_URL: serverUrl, RELEASE_URL: release.baseUrl ?? RELEASES, VERSION: release.version, ...more }
  const lines = Object.entries(values).map(([name, value]) => `${name}=${shellQuote(value)}`)
  const head = [
    '#!/usr/bin/env bash',
    'set -euo pipefail',
    'umask 077',
    '# shellcheck disable=SC2034',
    '{',
    ...lines,
    '}',
  ]
  return [head.join('\n'), commonSh, ...parts].map((part) => `${part.trim()}\n`).join('\n')
}

function powershell({ serverUrl, release }: ScriptContext, more: Record<string, string>, part: string): string {
  const values = { ServerUrl: serverUrl, ReleaseUrl: release.baseUrl ?? RELEASES, Version: release.version, ...more }
  const lines = Object.entries(values).map(([name, value]) => `$${name} = ${powershellQuote(value)}`)
  // A block of its own: `irm … | iex` would otherwise leave all of this behind in the person's session.
  return ['& {', ...lines, '', commonPs1.trim(), '', part.trim(), '}', ''].join('\n')
}
