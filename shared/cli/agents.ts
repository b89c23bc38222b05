import {
  type Agent,
  type AgentSettings,
  ApprovalPolicy,
  ApprovalRule,
  DEFAULT_POLICY,
  EnvVar,
  ToolKind,
} from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import { NekodeError, errorText } from '@shared/errors'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import type { Connection } from './account'
import { command, group } from './command'
import { usage } from './exit'
import { confirm } from './input'
import { findAgent, findComputer } from './names'
import type { Output } from './output'
import type { Style } from './table'
import { listOf, oneOf } from './values'

const agent = { type: 'positional', required: true, description: '@name, name or id' } as const

const PRESENCE: Partial<Record<Agent['status']['presence'], Style>> = {
  online: 'green',
  idle: 'green',
  busy: 'cyan',
  stale: 'yellow',
  degraded: 'yellow',
}

const list = command({
  name: 'list',
  description: 'Agents on this server',
  args: {},
  examples: ['nekode agents'],
  notes: ['JSON: {"items"} of agents.'],
  run: async ({ out, connect }) => {
    const { call } = await connect()
    out.list(
      await call('GET /api/agents'),
      [
        { title: 'name', text: (a) => `@${a.name}`, style: () => 'cyan' },
        {
          title: 'status',
          text: (a) => (a.enabled ? a.status.presence : 'off'),
          style: (a) => PRESENCE[a.status.presence],
        },
        { title: 'runtime', text: (a) => a.runtimeKind },
        { title: 'model', text: (a) => a.model || 'default' },
        { title: 'id', text: (a) => a.id },
        { title: 'doing', text: (a) => a.status.activity || a.status.detail },
      ],
      'There are no agents. Make one: nekode agents create coder --runtime demo',
    )
  },
})

const show = command({
  name: 'show',
  description: 'One agent',
  args: { agent },
  examples: ['nekode agents show coder'],
  notes: [
    'How it is run (workspace, instructions, approvals, limits, command, variables) is shown to admins and to who made it.',
    'JSON: the agent, with those for whom they are. Values of secret variables are null.',
  ],
  run: async ({ args, out, connect }) => {
    const connection = await connect()
    const a = await findAgent(connection, args.agent)
    const settings = await settingsOf(connection, a.id)
    out.record({ ...a, ...settings }, [
      ['name', `@${a.name} (${a.displayName})`],
      ['about', a.description],
      ['status', a.enabled ? `${a.status.presence}${a.status.activity && `, ${a.status.activity}`}` : 'turned off'],
      ['health', a.status.health === 'ok' ? 'ok' : `${a.status.health}: ${a.status.detail}`],
      ['computer', a.computerId],
      ['runtime', a.runtimeKind],
      ['model', a.model || 'the runtime’s default'],
      ...(settings ? settingRows(settings) : []),
      ['channels', a.channels.map((c) => `${c.target} (${c.deliveryMode})`).join(' ')],
      ['id', a.id],
    ])
  },
})

/** How an agent is run; undefined for whom that is not. */
async function settingsOf({ call }: Connection, id: string): Promise<AgentSettings | undefined> {
  try {
    return await call('GET /api/agents/{id}/settings', { params: { id } })
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}

function settingRows({ command, workspace, approvals, limits, env }: AgentSettings): [string, string][] {
  const rules = Object.entries(approvals.rules).map(([kind, rule]) => `${kind}=${rule}`)
  return [
    ['command', command.join(' ')],
    ['workspace', workspace || 'the daemon’s own folder'],
    ['approvals', [`default=${approvals.default}`, ...rules].join(' ')],
    ['turns an hour', limits.turnsPerHour === null ? 'no limit' : String(limits.turnsPerHour)],
    ['cost a day', limits.costPerDayUsd === null ? 'no limit' : `$${limits.costPerDayUsd}`],
    ['variables', env.map((v) => (v.secret ? `${v.name} (secret)` : v.name)).join(' ')],
  ]
}

const settings = {
  computer: { type: 'string', description: 'Id, name or host name of its computer' },
  runtime: { type: 'string', description: 'Kind of coding agent, as “nekode computers show” lists them' },
  model: { type: 'string', description: 'Model (default: the runtime’s own)' },
  workspace: {
    type: 'string',
    valueHint: 'PATH',
    description: 'Absolute folder on its computer (default: one of its own)',
  },
  'display-name': { type: 'string', valueHint: 'NAME', description: 'Name for showing' },
  description: { type: 'string', valueHint: 'TEXT', description: 'What it is for' },
  instructions: { type: 'string', valueHint: 'PATH', description: 'Text file with what it always has to know' },
  approvals: {
    type: 'string',
    valueHint: 'RULES',
    description: 'What to do when it wants to use a tool: ask, allow or deny for all, or default=ask,execute=deny,…',
  },
} as const

const rulesNote = `Kinds of tools for --approvals: ${ToolKind.options.join(', ')}. Without it reading, searching and thinking are allowed and the rest asks.`

const create = command({
  name: 'create',
  description: 'Make an agent',
  args: {
    name: {
      type: 'positional',
      required: true,
      description: 'What it is mentioned by: a-z, 0-9, dot, dash, underscore',
    },
    ...settings,
    channels: { type: 'string', valueHint: 'LIST', description: 'Comma-separated channels to join (default: general)' },
    'env-file': {
      type: 'string',
      valueHint: 'PATH',
      description: 'NAME=value lines for its environment, kept as secrets',
    },
  },
  rest: true,
  examples: [
    'nekode agents create coder --runtime codex',
    'nekode agents create reviewer --runtime claude --computer build-box --workspace /srv/app --approvals default=ask,read=allow',
    'nekode agents create echo --runtime custom -- /usr/local/bin/echo-agent --fast',
  ],
  notes: ['What follows “--” is the program of the runtimes “custom” and “acp”.', rulesNote, 'JSON: the agent.'],
  run: async (context) => {
    const { args, rest, out } = context
    if (args.runtime === undefined)
      throw usage('--runtime is missing.', 'See what its computer has: nekode computers show NAME')
    const env = args['env-file'] === undefined ? undefined : await readEnv(args['env-file'])
    const fields = await fieldsOf(args)
    const connection = await context.connect()
    const made = await connection.call('POST /api/agents', {
      body: {
        name: args.name.replace(/^@/, ''),
        runtimeKind: args.runtime,
        computerId: await computerOf(connection, args.computer),
        ...fields,
        ...(rest.length > 0 ? { command: rest } : {}),
        ...(env === undefined ? {} : { env }),
        ...(args.channels === undefined
          ? {}
          : { channels: listOf(args.channels).map((c) => `#${c.replace(/^#/, '')}`) }),
      },
    })
    out.show(made, () => `@${made.name} is in ${made.channels.map((c) => c.target).join(', ') || 'no channel'}.`)
    await warn(connection, out, made)
  },
})

/** Says what the agent's computer lacks for it: it is made all the same, and would fail at the first question. */
async function warn({ call }: Connection, out: Output, { computerId, runtimeKind }: Agent): Promise<void> {
  if (out.json) return
  const computer = await call('GET /api/computers/{id}', { params: { id: computerId } })
  const runtime = computer.runtimes.find((r) => r.kind === runtimeKind)
  if (!runtime || (runtime.installed && runtime.login !== 'no')) return
  const name = `'${computer.displayName.replaceAll("'", String.raw`'\''`)}'`
  const lack = runtime.installed ? 'is not logged in' : 'is not installed'
  const next =
    runtime.canInstall && !runtime.installed ? `nekode computers install ${name} ${runtime.kind}` : runtime.nextStep
  out.note(`warning: ${runtime.displayName} ${lack} on ${computer.displayName}.${next ? `\nnext: ${next}` : ''}`)
}

const update = command({
  name: 'update',
  description: 'Change an agent; its process follows at its next turn',
  args: {
    agent,
    ...settings,
    enabled: { type: 'boolean', description: 'Turn it on', negativeDescription: 'Turn it off' },
    'env-file': {
      type: 'string',
      valueHint: 'PATH',
      description: 'NAME=value lines that replace its environment, kept as secrets',
    },
  },
  rest: true,
  examples: ['nekode agents update coder --model gpt-5.5', 'nekode agents update coder --no-enabled'],
  notes: [rulesNote, 'JSON: the agent.'],
  run: async (context) => {
    const { args, rest, out } = context
    const env = args['env-file'] === undefined ? undefined : await readEnv(args['env-file'])
    const fields = await fieldsOf(args)
    const connection = await context.connect()
    const { id, name } = await findAgent(connection, args.agent)
    const params = { id }
    const body = {
      ...fields,
      ...(args.computer === undefined ? {} : { computerId: (await findComputer(connection, args.computer)).id }),
      ...(args.runtime === undefined ? {} : { runtimeKind: args.runtime }),
      ...(rest.length > 0 ? { command: rest } : {}),
      ...(args.enabled === undefined ? {} : { enabled: args.enabled }),
    }
    if (Object.keys(body).length === 0 && env === undefined)
      throw usage('There is nothing to change.', 'Give one of the options.')
    let changed =
      Object.keys(body).length === 0 ? undefined : await connection.call('PATCH /api/agents/{id}', { params, body })
    if (env !== undefined) changed = await connection.call('PUT /api/agents/{id}/env', { params, body: { env } })
    out.show(changed, () => `Changed @${name}.`)
  },
})

type SettingArgs = Partial<
  Record<'model' | 'workspace' | 'display-name' | 'description' | 'instructions' | 'approvals', string>
>

async function fieldsOf(args: { [K in keyof SettingArgs]: SettingArgs[K] | undefined }) {
  const { model, workspace, description, instructions, approvals } = args
  const displayName = args['display-name']
  return {
    ...(model === undefined ? {} : { model }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(displayName === undefined ? {} : { displayName }),
    ...(description === undefined ? {} : { description }),
    ...(instructions === undefined ? {} : { instructions: await readFile(instructions) }),
    ...(approvals === undefined ? {} : { approvals: parsePolicy(approvals) }),
  }
}

/** `ask`, or `default=ask,execute=deny`: a policy. Kinds left out follow the default. Throws `usage`. */
export function parsePolicy(text: string): ApprovalPolicy {
  const policy: ApprovalPolicy = { default: DEFAULT_POLICY.default, rules: {} }
  for (const part of listOf(text)) {
    const [kind = '', rule] = part.includes('=') ? part.split('=', 2) : ['default', part]
    const value = oneOf(`The rule of “${part}”`, rule ?? '', ApprovalRule.options)
    if (kind === 'default') policy.default = value
    else policy.rules[oneOf(`The tool of “${part}”`, kind, ToolKind.options)] = value
  }
  return policy
}

async function readFile(path: string): Promise<string> {
  try {
    return await Bun.file(path).text()
  } catch (cause) {
    throw new NekodeError('invalid', `The file ${path} cannot be read: ${errorText(cause)}.`, {
      code: 'file_unreadable',
      cause,
    })
  }
}

/** Variables out of a file of `NAME=value` lines: secrets stay out of the command line and its history. */
async function readEnv(path: string): Promise<z.infer<typeof EnvVar>[]> {
  const values = Object.entries(parseEnv(await readFile(path)))
  const parsed = z.array(EnvVar).safeParse(values.map(([name, value]) => ({ name, value, secret: true })))
  if (!parsed.success) throw usage(`${path} holds no valid variables: ${parsed.error.issues[0]?.message ?? ''}.`)
  return parsed.data
}

/** The computer that is meant; the only one when none is named. */
async function computerOf(connection: Connection, name: string | undefined): Promise<string> {
  if (name !== undefined) return (await findComputer(connection, name)).id
  const [only, another] = (await connection.call('GET /api/computers')).items
  if (only && !another) return only.id
  throw usage(
    only ? 'There are several computers: say which one with --computer.' : 'There is no computer yet.',
    only ? 'See which there are: nekode computers' : 'Add one: nekode computers add',
  )
}

const ACTIONS = ['terminate', 'restart', 'restart_reset_session', 'restart_full_reset'] as const

const control = command({
  name: 'control',
  description: 'Stop or restart an agent’s process',
  args: {
    agent,
    action: {
      type: 'positional',
      required: true,
      description:
        'terminate (end it and its runs), restart (same session), restart_reset_session, restart_full_reset (also its memory)',
    },
    reason: { type: 'string', description: 'Why, for the log' },
  },
  examples: [
    'nekode agents control coder restart',
    'nekode agents control coder restart_reset_session --reason "confused"',
  ],
  notes: [
    'Terminating and restarting takes a common channel that you may write in, and that the agent is not at work where you cannot see it. Admins and who made the agent may always, and only they may reset.',
    'JSON: {"operationId", "state"}.',
  ],
  run: async ({ args, out, connect }) => {
    const wanted = oneOf('ACTION', args.action, ACTIONS)
    const connection = await connect()
    const { id, name } = await findAgent(connection, args.agent)
    const operation = await connection.call('POST /api/agents/{id}/control', {
      params: { id },
      body: { action: wanted, ...(args.reason === undefined ? {} : { reason: args.reason }) },
    })
    out.show(operation, () => `@${name}: ${wanted} is ${operation.state}.`)
  },
})

const remove = command({
  name: 'delete',
  description: 'Delete an agent; its messages stay',
  args: { agent, yes: { type: 'boolean', description: 'Do not ask' } },
  examples: ['nekode agents delete coder --yes'],
  run: async ({ args, host, out, connect }) => {
    const connection = await connect()
    const { id, name } = await findAgent(connection, args.agent)
    await confirm(host, args.yes, `Delete @${name}?`)
    out.show(await connection.call('DELETE /api/agents/{id}', { params: { id } }), () => `Deleted @${name}.`)
  },
})

export const agents = group({
  name: 'agents',
  description: 'Agents: see, make, change, stop, delete',
  examples: ['nekode agents', 'nekode agents create coder --runtime codex', 'nekode agents control coder restart'],
  default: 'list',
  subCommands: { list, show, create, update, control, delete: remove },
})
