import { RuntimeInfo } from '@shared/contract'
import type { ComputerInventory, Runtime } from '@shared/gen/nekode/daemon/v1/computers_pb'
import { clip } from './text'

/** A computer is in every event about it, so what a daemon reports has bounds. */
const MAX_RUNTIMES = 40
const MAX_MODELS = 200
const MAX_JSON = 65_536

/** The coding agents of a reported inventory, bounded, one a kind. Never throws: what cannot be read is derived from the rest. */
export function readInventory(inventory: ComputerInventory | undefined): RuntimeInfo[] {
  const kinds = new Map<string, RuntimeInfo>()
  for (const runtime of inventory?.runtimes ?? []) {
    const info = readRuntime(runtime)
    if (info.kind !== '' && kinds.size < MAX_RUNTIMES && !kinds.has(info.kind)) kinds.set(info.kind, info)
  }
  return [...kinds.values()]
}

function readRuntime(runtime: Runtime): RuntimeInfo {
  const info = ownInfo(runtime.runtimeProfile?.adapterConfigJson ?? '') ?? derived(runtime)
  return {
    kind: clip(info.kind, 64),
    displayName: clip(info.displayName, 100) || clip(info.kind, 64),
    installed: info.installed,
    version: clip(info.version, 64),
    login: info.login,
    nextStep: clip(info.nextStep, 500),
    installCommand: clip(info.installCommand, 500),
    canInstall: info.canInstall,
    models: [...new Set(info.models.map((model) => clip(model, 200)))].filter(Boolean).slice(0, MAX_MODELS),
    demo: info.demo,
  }
}

/** What our own daemon says about a runtime; undefined for the JSON that earlier daemons put there. */
function ownInfo(json: string): RuntimeInfo | undefined {
  if (json === '' || json.length > MAX_JSON) return undefined
  try {
    return RuntimeInfo.safeParse(JSON.parse(json)).data
  } catch {
    // Not JSON at all: the fields beside it still say enough.
    return undefined
  }
}

/** Earlier daemons cannot tell a missing login from any other failed check, so an unhealthy one has an unknown login. */
function derived(runtime: Runtime): RuntimeInfo {
  return {
    kind: runtime.kind || runtime.tool,
    displayName: runtime.displayName,
    installed: runtime.installed,
    version: '',
    login: runtime.installed && runtime.healthy ? 'yes' : 'unknown',
    nextStep: runtime.installed && runtime.healthy ? '' : runtime.installHint.join('\n'),
    installCommand: '',
    canInstall: runtime.supportsAutoInstall && !runtime.installed,
    models: [runtime.runtimeProfile?.model ?? ''],
    demo: false,
  }
}
