import type { ApprovalPolicy, ApprovalRule, Computer, RuntimeInfo, ToolKind } from '@shared/contract'
import { t } from '../i18n'

/** Kinds of tools that a person decides on, the harmless first. */
export const toolKinds: ToolKind[] = ['read', 'search', 'fetch', 'edit', 'move', 'delete', 'execute', 'mcp', 'other']

/** What a new agent starts with: reading goes through, everything that changes something asks first. */
export const defaultPolicy: ApprovalPolicy = {
  default: 'ask',
  rules: { read: 'allow', search: 'allow', think: 'allow' },
}

export type Preset = 'careful' | 'trusting' | 'readonly' | 'own'

const presets: Record<Exclude<Preset, 'own'>, ApprovalPolicy> = {
  careful: defaultPolicy,
  trusting: { default: 'allow', rules: {} },
  readonly: { default: 'deny', rules: { read: 'allow', search: 'allow', think: 'allow' } },
}

/** The rule that holds for one kind of tool. */
export const ruleOf = (policy: ApprovalPolicy, kind: ToolKind): ApprovalRule => policy.rules[kind] ?? policy.default

export const policyOf = (preset: Exclude<Preset, 'own'>): ApprovalPolicy => structuredClone(presets[preset])

/** The preset that decides the same for every kind, or `own`. */
export function presetOf(policy: ApprovalPolicy): Preset {
  const same = (other: ApprovalPolicy) => toolKinds.every((kind) => ruleOf(policy, kind) === ruleOf(other, kind))
  if (same(presets.careful)) return 'careful'
  if (same(presets.trusting)) return 'trusting'
  return same(presets.readonly) ? 'readonly' : 'own'
}

/** Whether an agent with this runtime can work at once. */
export const isReady = (runtime: RuntimeInfo): boolean => runtime.installed && runtime.login !== 'no'

/** Runs whatever command its agent names. */
export const isCustom = (kind: string): boolean => kind === 'custom' || kind === 'command' || kind.includes('acp')

/** What works first, then what only lacks a login, then what is there to look at or to build on; at the end what is missing. */
function rank(runtime: RuntimeInfo): number {
  if (!runtime.installed) return 4
  if (isCustom(runtime.kind)) return 3
  if (runtime.demo) return 2
  return isReady(runtime) ? 0 : 1
}

export const sortedRuntimes = (computer: Computer | undefined): RuntimeInfo[] =>
  [...(computer?.runtimes ?? [])].sort((a, b) => rank(a) - rank(b))

/** A runtime's name in a list, with what keeps it from working. */
export function runtimeLabel(runtime: RuntimeInfo): string {
  if (runtime.demo) return runtime.displayName
  if (!runtime.installed) return `${runtime.displayName} – ${t('runtime.missing')}`
  if (runtime.login === 'no') return `${runtime.displayName} – ${t('runtime.notLoggedIn')}`
  return runtime.displayName
}

/** `Scout 2` → `scout-2`: the handle that a name suggests. */
export const handleOf = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '')
    .slice(0, 32)
    .replace(/[._-]+$/, '')

/** A command line as words; quotes keep words together. */
export function words(line: string): string[] {
  const found = line.match(/"(?:\\.|[^"\\])*"|'[^']*'|(?:\\.|[^\s"'])+/g) ?? []
  return found.map((word) => {
    if (word.startsWith("'")) return word.slice(1, -1)
    return word.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1')
  })
}

/** Words as a line that `words` reads back. */
export const line = (command: readonly string[]): string =>
  command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", '’')}'`)).join(' ')
