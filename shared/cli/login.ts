import type { User } from '@shared/contract'
import { ApiError } from '@shared/contract/client'
import { NekodeError } from '@shared/errors'
import { type Connection, connection, resolveAccount, serverUrl, writeAccount, accountPath } from './account'
import { type Context, command } from './command'
import { API_EXITS, usage } from './exit'
import { ask, askNewPassword, askSecret, inputLines } from './input'

const args = {
  server: {
    type: 'string',
    valueHint: 'URL',
    description: 'Address of the server (default: the last one, else this computer)',
  },
  username: { type: 'string', alias: 'u', valueHint: 'NAME', description: 'Your user name' },
  'password-stdin': {
    type: 'boolean',
    description:
      'Read the password from the first line of standard input, and the code of a second factor from the second',
  },
  'token-stdin': { type: 'boolean', description: 'Log in with an API token, read from standard input' },
  'setup-code-stdin': {
    type: 'boolean',
    description: 'Set up a fresh server: setup code on the first line of standard input, new password on the second',
  },
} as const
type LoginContext = Context<typeof args>

const NO_TERMINAL = 'Use --username and --password-stdin, or --token-stdin.'

export const login = command({
  name: 'login',
  description: 'Log in to a server, or set up a fresh one',
  args,
  offline: true,
  exits: API_EXITS,
  examples: [
    'nekode login --server https://nekode.example.org',
    'nekode login --username ann --password-stdin < password.txt',
    'nekode login --server http://127.0.0.1:18790 --token-stdin < token.txt',
    'printf "%s\\n%s\\n" "$SETUP_CODE" "$PASSWORD" | nekode login --username ann --setup-code-stdin',
  ],
  notes: [
    'People who log in through an identity provider only have no password: make an API token in the console’s settings and use --token-stdin.',
    'On a server without users the command asks for the one-time setup code that the server printed, and makes you its owner.',
    'The login is kept in $NEKODE_HOME/cli.json (default ~/.nekode/cli.json), readable by you only. NEKODE_SERVER_URL and NEKODE_TOKEN win over it.',
  ],
  run: async (context) => {
    const { args, host, out } = context
    if ([args['password-stdin'], args['token-stdin'], args['setup-code-stdin']].filter(Boolean).length > 1)
      throw usage(
        'Standard input can hold one thing: use one of --password-stdin, --token-stdin and --setup-code-stdin.',
      )
    const server = args.server ? serverUrl(args.server) : (await resolveAccount(host.env)).server
    warnAboutClearText(context, server)
    const guest = connection(server)
    const { initialized, webSetupEnabled } = await guest.call('GET /api/auth/setup-status')
    const session = await authenticate(context, guest, initialized, webSetupEnabled)
    await writeAccount(host.env, { server, token: session.token })
    if (host.env.NEKODE_TOKEN) out.note('NEKODE_TOKEN is set and wins over this login.')
    out.show(
      { server, user: session.user },
      () => `Logged in to ${server} as ${session.user.username} (${session.user.role}).`,
    )
    out.note(`The login is kept in ${accountPath(host.env)}.`)
  },
})

interface Login {
  token: string
  user: User
}

async function authenticate(
  context: LoginContext,
  guest: Connection,
  initialized: boolean,
  setup: boolean,
): Promise<Login> {
  const { args } = context
  if (args['token-stdin']) return withToken(context, guest.server)
  if (!initialized) {
    if (!setup)
      throw new NekodeError('forbidden', 'This server has no users yet, and set-up by setup code is turned off.', {
        next: 'Start it with NEKODE_BOOTSTRAP_ADMIN_USERNAME and NEKODE_BOOTSTRAP_ADMIN_PASSWORD.',
      })
    return firstAdmin(context, guest)
  }
  if (args['setup-code-stdin'])
    throw new NekodeError('conflict', 'This server is set up already.', {
      code: 'already_initialized',
      next: 'Log in with user name and password: nekode login',
    })
  return withPassword(context, guest)
}

async function withToken({ host }: LoginContext, server: string): Promise<Login> {
  const [token = ''] = await inputLines(host)
  if (!/^[\x21-\x7e]+$/.test(token))
    throw usage('Standard input holds no token.', 'Its first line has to be the token.')
  const user = await connection(server, token).call('GET /api/auth/me')
  return { token, user }
}

async function withPassword({ args, host }: LoginContext, guest: Connection): Promise<Login> {
  const username = args.username ?? (await ask(host, 'User name: ', NO_TERMINAL))
  const [password, given] = args['password-stdin']
    ? await inputLines(host)
    : [await askSecret(host, 'Password: ', NO_TERMINAL)]
  if (!password) throw usage('The password is empty.')
  const enter = (code?: string) =>
    guest.call('POST /api/auth/login', {
      body: { username, password, token: true, ...(code ? { code: code.trim() } : {}) },
    })
  try {
    return held(await enter(given))
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'second_factor_required') throw error
    const question = 'Code of your authenticator app, or a recovery code: '
    return held(await enter(await ask(host, question, 'Put it on the second line of standard input.')))
  }
}

async function firstAdmin({ args, host, out }: LoginContext, guest: Connection): Promise<Login> {
  const instead = 'Use --username and --setup-code-stdin: setup code and new password, a line each.'
  if (args['password-stdin']) throw usage('This server has no users yet: it needs its setup code first.', instead)
  const [code, password] = args['setup-code-stdin'] ? await inputLines(host) : []
  if (args['setup-code-stdin'] && !(code && password))
    throw usage('Standard input holds no setup code and password.', instead)
  out.note('This server has no users yet: you become its owner.')
  const body = {
    setupCode: (code ?? (await ask(host, 'Setup code, as the server printed it: ', instead))).trim(),
    username: args.username ?? (await ask(host, 'User name: ', instead)),
    password: password ?? (await askNewPassword(host, instead)),
    token: true,
  }
  return held(await guest.call('POST /api/auth/bootstrap', { body }))
}

function held(session: { token?: string | undefined; user: User }): Login {
  if (session.token === undefined)
    throw new ApiError(
      500,
      'no_token',
      'The server gave no token.',
      'Update the server: it does not match this program.',
    )
  return { token: session.token, user: session.user }
}

function warnAboutClearText({ out }: LoginContext, server: string): void {
  const { protocol, hostname } = new URL(server)
  if (protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
    out.note(`warning: ${server} is not encrypted: others on the way can read the password and the token.`)
}
