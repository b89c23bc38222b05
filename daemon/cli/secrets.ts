import type { Host } from '@shared/cli/host'
import { askNewSecret, askSecret, confirm } from '@shared/cli/input'
import { oneLine } from '@shared/cli/text'
import { errorText, NekodeError } from '@shared/errors'
import type { LocalClient } from '../local/client'
import { MAX_FILE, planImport } from '../services/secrets/import'
import { canonical } from '../services/secrets/names'
import { command, group } from './command'
import { usage } from './exit'
import { withDaemon } from './local'

/** The keychain may ask to be unlocked; a passphrase takes a moment. */
const PATIENCE_MS = 40_000

const nameArg = {
  type: 'positional',
  required: true,
  description: 'A provider of models (anthropic), or any other name (GITHUB_TOKEN)',
} as const
const agentArg = {
  type: 'string',
  valueHint: 'AGENT',
  description: 'Only for this agent, by name or id; without it for the whole computer',
} as const

const daemon = <T>(host: Host, work: (client: LocalClient) => Promise<T>): Promise<T> =>
  withDaemon(host, work, PATIENCE_MS)
const scope = (agent: string | undefined) => (agent === undefined ? {} : { agent_id: agent })

const set = command({
  name: 'set',
  description: 'Keep a secret, in place of the one that there may be',
  args: { name: nameArg, agent: agentArg },
  examples: [
    'nekode-daemon secrets set anthropic',
    'nekode-daemon secrets set GITHUB_TOKEN --agent ada < token.txt',
    'gh auth token | nekode-daemon secrets set GITHUB_TOKEN',
  ],
  notes: [
    'The value is asked for, or read from standard input, where one newline at its end does not belong to it. It is never an argument: everybody on this computer can read those.',
    'Agents whose environment refers to it (secret:NAME) are started with the new value at their next turn.',
  ],
  run: async ({ args, host, out }) => {
    const value = await readValue(host, `Value of ${oneLine(args.name)}: `)
    const kept = await daemon(host, (client) =>
      client.call('SetSecret', { provider: args.name, key: value, ...scope(args.agent) }),
    )
    const { provider, source, replaced, hidden } = kept
    out.show(kept, () => `${provider} is ${replaced ? 'changed' : 'set'} in the ${placeText(source)}.`)
    if (!hidden) out.note('It is so short that it is not taken out of what agents say.')
  },
})

async function readValue(host: Host, question: string): Promise<string> {
  const instead = 'Give the value on standard input: nekode-daemon secrets set NAME < file'
  const value = host.tty.in ? await askSecret(host, question, instead) : await host.readInput()
  return value.replace(/\r?\n$/, '')
}

const get = command({
  name: 'get',
  description: 'Show what is known of a secret, and with --reveal its value',
  args: {
    name: nameArg,
    agent: agentArg,
    reveal: { type: 'boolean', description: 'Print the value' },
  },
  examples: ['nekode-daemon secrets get anthropic', 'nekode-daemon secrets get GITHUB_TOKEN --reveal'],
  notes: ['With --agent and --reveal: what that agent gets, its own or else that of the whole computer.'],
  run: async ({ args, host, out }) => {
    if (args.reveal) {
      const { value } = await daemon(host, (client) =>
        client.call('GetSecret', { provider: args.name, ...scope(args.agent) }),
      )
      if (value === null) throw missing(args.name)
      // Raw: a key has to come out as it went in.
      if (out.json) out.show({ name: args.name, value }, () => '')
      else host.out(value.endsWith('\n') ? value : `${value}\n`)
      return
    }
    const { providers, problem } = await daemon(host, (client) => client.call('ListSecrets', {}))
    const name = canonical(args.name)
    const found = providers.find(
      (one) =>
        one.provider === name &&
        one.source !== 'NotFound' &&
        (args.agent === undefined ? one.agent_id === undefined : isOf(one, args.agent)),
    )
    if (!found) throw problem === undefined ? missing(args.name) : unlisted(problem)
    const when = (time: number | undefined) => (time === undefined ? '' : out.ago(time))
    out.record(found, [
      ['name', found.provider],
      ['for', scopeText(found)],
      ['kept in', placeText(found.source)],
      ['variable', found.env_var],
      ['created', when(found.created_at)],
      ['changed', when(found.changed_at)],
      ['last used', when(found.last_used_at)],
    ])
    out.note('--reveal prints the value.')
  },
})

interface Scoped {
  agent_id?: string | undefined
  agent_name?: string | undefined
}

const isOf = ({ agent_id: id, agent_name: name }: Scoped, agent: string): boolean =>
  id !== undefined && (id === agent || name === agent.replace(/^@/, ''))
const scopeText = ({ agent_id: id, agent_name: name }: Scoped): string =>
  id === undefined ? 'the whole computer' : name === undefined ? id : `@${name}`
const placeText = (source: string): string =>
  ({ Env: 'environment of the daemon', Keychain: 'keychain', Vault: 'vault' })[source] ?? source

const missing = (name: string): NekodeError =>
  new NekodeError('not_found', `There is no secret “${oneLine(name)}”.`, {
    code: 'secret_unknown',
    next: `Set it: nekode-daemon secrets set ${oneLine(name)}`,
  })
const unlisted = (problem: string): NekodeError => new NekodeError('precondition', problem, { code: 'SECRET-001' })

const list = command({
  name: 'list',
  description: 'The secrets of this computer, without their values',
  args: { agent: { ...agentArg, description: 'Only those of this agent, by name or id' } },
  examples: ['nekode-daemon secrets list', 'nekode-daemon secrets list --agent ada --json'],
  notes: [
    'JSON: {"providers", "place", "problem"?}. Times are Unix milliseconds; a provider without a key has the source NotFound.',
  ],
  run: async ({ args, host, out }) => {
    const listed = await daemon(host, (client) => client.call('ListSecrets', {}))
    const { agent } = args
    const providers = listed.providers.filter((one) => agent === undefined || isOf(one, agent))
    const items = providers.filter(({ source }) => source !== 'NotFound')
    const when = (time: number | undefined) => (time === undefined ? '' : out.ago(time))
    if (out.json) out.show({ ...listed, providers, type: undefined }, () => '')
    else
      out.list(
        { items },
        [
          { title: 'name', text: (one) => one.provider, style: () => 'bold' },
          { title: 'for', text: scopeText },
          { title: 'kept in', text: (one) => placeText(one.source) },
          { title: 'variable', text: (one) => one.env_var },
          { title: 'changed', text: (one) => when(one.changed_at) },
          { title: 'last used', text: (one) => when(one.last_used_at) },
        ],
        'There are no secrets.',
      )
    if (listed.problem !== undefined) throw unlisted(listed.problem)
  },
})

const remove = command({
  name: 'delete',
  description: 'Remove a secret',
  args: { name: nameArg, agent: agentArg, yes: { type: 'boolean', description: 'Do not ask' } },
  examples: ['nekode-daemon secrets delete GITHUB_TOKEN', 'nekode-daemon secrets delete openai --agent ada --yes'],
  run: async ({ args, host, out }) => {
    const whose = args.agent === undefined ? '' : ` of ${oneLine(args.agent)}`
    await confirm(host, args.yes, `The secret ${oneLine(args.name)}${whose} cannot be had back.`)
    const { existed } = await daemon(host, (client) =>
      client.call('DeleteSecret', { provider: args.name, ...scope(args.agent) }),
    )
    if (!existed) throw missing(args.name)
    out.show({ deleted: args.name }, () => `${oneLine(args.name)} is deleted.`)
  },
})

const run = command({
  name: 'run',
  description: 'Run a program with secrets in its environment, and nowhere else',
  args: {
    only: { type: 'string', valueHint: 'NAME', description: 'Only this secret; give the option once for each' },
    agent: { ...agentArg, description: 'As this agent gets them, by name or id' },
  },
  repeated: ['only'],
  rest: true,
  examples: [
    'nekode-daemon secrets run -- npm publish',
    'nekode-daemon secrets run --only GITHUB_TOKEN --only anthropic -- ./release.sh',
  ],
  notes: [
    'Without --only the program gets every secret that is for the whole computer, and with --agent that agent’s own.',
    'The exit code is that of the program: 127 when there is none, 126 when it may not be run. Signals go to it.',
  ],
  run: async ({ args, every, rest, host, out }) => {
    if (rest.length === 0)
      throw usage('There is no program to run.', 'Write it after “--”: nekode-daemon secrets run -- env')
    const names = every('only')
    const { variables, missing: none } = await daemon(host, (client) =>
      client.call('GetSecretEnvironment', { ...(names.length > 0 ? { names } : {}), ...scope(args.agent) }),
    )
    const [first] = none
    if (first !== undefined) throw missing(first)
    const { launch } = await import('./launch')
    return launch(rest, {
      env: { ...host.env, ...variables },
      isTerminal: host.tty.in,
      say: (text) => out.note(text),
    })
  },
})

const take = command({
  name: 'import',
  description: 'Keep the variables of an .env file as secrets',
  args: {
    file: { type: 'positional', required: true, description: 'The file; “-” reads standard input' },
    agent: agentArg,
    overwrite: { type: 'boolean', description: 'Change those that there are already' },
    'dry-run': { type: 'boolean', description: 'Only say what would be done' },
  },
  examples: ['nekode-daemon secrets import .env', 'nekode-daemon secrets import prod.env --agent ada --overwrite'],
  notes: [
    'Quotes, “export”, comments and values over several lines are read as shells do; nothing is expanded.',
    'JSON: {"taken", "replaced", "skipped": [{"name"?, "line"?, "why"}]}.',
  ],
  run: async ({ args, host, out }) => {
    const plan = planImport(await readFile(host, args.file))
    const done = await daemon(host, async (client) => {
      const { entries } = plan
      if (args['dry-run']) return preview(client, entries, args)
      return client.call('ImportSecrets', { entries, overwrite: args.overwrite === true, ...scope(args.agent) })
    })
    const skipped = [
      ...plan.skipped,
      ...done.skipped.map((name) => ({ name, why: 'it is there already; --overwrite changes it' })),
    ]
    const result = { taken: done.taken, replaced: done.replaced, skipped }
    out.show(result, () => importText(result, args['dry-run'] === true))
    if (!args['dry-run'] && args.file !== '-' && done.taken.length + done.replaced.length > 0)
      out.note('The file still has the values. Delete it when nothing else needs it.')
  },
})

async function preview(
  client: LocalClient,
  entries: readonly { name: string }[],
  { agent, overwrite }: { agent?: string | undefined; overwrite?: boolean | undefined },
) {
  const { providers, problem } = await client.call('ListSecrets', {})
  if (problem !== undefined) throw unlisted(problem)
  const there = new Set(
    providers
      .filter((one) => one.source === 'Keychain' || one.source === 'Vault')
      .filter((one) => (agent === undefined ? one.agent_id === undefined : isOf(one, agent)))
      .map(({ provider }) => provider),
  )
  const names = [...new Set(entries.map(({ name }) => canonical(name)))]
  const known = names.filter((name) => there.has(name))
  return {
    taken: names.filter((name) => !there.has(name)),
    replaced: overwrite ? known : [],
    skipped: overwrite ? [] : known,
  }
}

interface Imported {
  taken: string[]
  replaced: string[]
  skipped: { name?: string; line?: number; why: string }[]
}

function importText({ taken, replaced, skipped }: Imported, isDry: boolean): string {
  const lines = [
    ...taken.map((name) => `${isDry ? 'would be taken' : 'taken'}     ${name}`),
    ...replaced.map((name) => `${isDry ? 'would be changed' : 'changed'}   ${name}`),
    ...skipped.map(({ name, line, why }) => `skipped   ${name ?? `line ${line}`}: ${why}`),
  ]
  return lines.join('\n') || 'There is no variable in it.'
}

async function readFile(host: Host, path: string): Promise<string> {
  if (path === '-') return host.readInput()
  const file = Bun.file(path)
  const problem = await file.stat().then(
    (stat) => (!stat.isFile() ? 'it is no file' : stat.size > MAX_FILE ? `it is longer than ${MAX_FILE} bytes` : ''),
    (error: unknown) => errorText(error),
  )
  if (problem !== '')
    throw new NekodeError('invalid', `${path} cannot be read: ${problem}.`, { code: 'file_unreadable' })
  return file.text()
}

const rotate = command({
  name: 'rotate',
  description: 'Encrypt the vault with a new key',
  args: {
    passphrase: { type: 'boolean', description: 'Protect it by a new passphrase, which is asked for' },
  },
  examples: ['nekode-daemon secrets rotate', 'nekode-daemon secrets rotate --passphrase'],
  notes: [
    'Without --passphrase the key comes from the passphrase that the daemon was started with, and without one from a new key file.',
    'A new passphrase is needed from the next start of the daemon on: NEKODE_VAULT_PASSPHRASE or NEKODE_VAULT_PASSPHRASE_FILE.',
    'To change a secret itself, set it anew. Secrets in the keychain have no key here.',
  ],
  run: async ({ args, host, out }) => {
    const passphrase = args.passphrase ? await readPassphrase(host) : undefined
    const done = await daemon(host, (client) =>
      client.call('RotateVaultKey', passphrase === undefined ? {} : { passphrase }),
    )
    const { protection } = done
    const by = protection === 'argon2id' ? 'a passphrase' : 'a new key file'
    out.show({ protection }, () => `The vault has a new key, from ${by}.`)
    if (passphrase !== undefined)
      out.note('Start the daemon with this passphrase from now on: NEKODE_VAULT_PASSPHRASE_FILE names a file with it.')
  },
})

async function readPassphrase(host: Host): Promise<string> {
  if (!host.tty.in) return (await host.readInput()).replace(/\r?\n$/, '')
  return askNewSecret(host, {
    question: 'New passphrase (at least 8 characters): ',
    many: 'passphrases',
    instead: 'Give it on standard input: nekode-daemon secrets rotate --passphrase < file',
  })
}

export const secrets = group({
  name: 'secrets',
  description: 'Keep secrets on this computer for agents and programs',
  examples: [
    'nekode-daemon secrets set anthropic',
    'nekode-daemon secrets list',
    'nekode-daemon secrets run -- npm publish',
  ],
  default: 'list',
  subCommands: { set, get, list, delete: remove, run, import: take, rotate },
})
