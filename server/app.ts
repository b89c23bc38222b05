import { api } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import { version } from '@shared/version'
import { Hono } from 'hono'
import { artifactRoutes } from './artifacts/routes'
import { Artifacts, programDir } from './artifacts/service'
import { attachmentRoutes } from './attachments/routes'
import { ActivityService } from './activity/service'
import { auditRoutes } from './audit/routes'
import { authRoutes } from './auth/routes'
import { AuthService } from './auth/service'
import { automationRoutes } from './automation/routes'
import { backupRoutes } from './backup/routes'
import { computerRoutes } from './computers/routes'
import { Computers } from './computers/service'
import type { Config } from './config/config'
import { type Conversation, conversationRoutes, createConversation } from './conversation'
import { type Core, createCore } from './core'
import { lockDatabase } from './db/lock'
import { migrate } from './db/migrate'
import { openDatabase } from './db/open'
import { enrollmentRoutes } from './enrollment/routes'
import { Enrollments } from './enrollment/service'
import { eventRoutes } from './events/routes'
import { Addresses } from './http/address'
import { bundled, consoleAssets } from './http/assets'
import { errorResponse, normalise, onError } from './http/errors'
import { secure } from './http/headers'
import { notFound } from './http/missing'
import { type Mount, router } from './http/route'
import { inviteRoutes } from './invites/routes'
import { InviteService } from './invites/service'
import { type Integrations, createIntegrations, integrationRoutes } from './integrations'
import { Jobs } from './jobs'
import type { Edge } from './listener/listener'
import { Limits } from './limits/service'
import { type Listeners, openListeners } from './listener/listeners'
import type { Rpc } from './listener/rpc'
import { artifactRoutes as publishedRoutes } from './published/routes'
import { ArtifactShow } from './published/show'
import { screenRoutes } from './screens/routes'
import { ScreenService } from './screens/service'
import { Secrets, loadKey } from './secrets/service'
import { oidcRoutes } from './oidc/routes'
import { OidcService } from './oidc/service'
import { Factors } from './secondfactor/factors'
import { secondFactorRoutes } from './secondfactor/routes'
import { SecondFactorService } from './secondfactor/service'
import { loadServerId } from './settings/identity'
import { systemRoutes } from './system/routes'
import { CommitTimes, SystemService } from './system/service'
import { serverStatus } from './system/status'
import { Attachments } from './tunnels/attachments'
import { TunnelServing } from './tunnels/serving'
import { workspaceRoutes } from './workspaces/routes'
import { WorkspaceService } from './workspaces/service'
import { tokenRoutes } from './tokens/routes'
import { TokenService } from './tokens/service'
import { userRoutes } from './users/routes'
import { UserService } from './users/service'

export type { Core }

export interface Services extends Conversation, Integrations {
  computers: Computers
  enrollments: Enrollments
  artifacts: Artifacts
  users: UserService
  auth: AuthService
  invites: InviteService
  secondFactor: SecondFactorService
  oidc: OidcService
  tokens: TokenService
  system: SystemService
  attachments: Attachments
  workspaces: WorkspaceService
  screens: ScreenService
}

/** A server that is loaded and, after `start`, listens. */
export interface NekodeServer {
  core: Core
  services: Services
  /** The mounted routes, as keys of the route table. */
  routes: ReadonlySet<string>
  /** Where it listens; 0 before `start`. */
  readonly port: number
  /** Where programs on this computer reach it in clear text; empty before `start`. */
  readonly localUrl: string
  /** Where it listens for native gRPC; undefined when it does not. */
  readonly grpcPort: number | undefined
  /** Where it listens for previews alone; undefined when it does not. */
  readonly previewPort: number | undefined
  /** The code for setting it up, when it is not. */
  readonly setupCode: string | undefined
  start(): Promise<void>
  /** Ends streams, finishes requests, closes the database. */
  stop(): Promise<void>
}

export interface ServerOptions {
  /** Hold answers to their schemas: for tests. */
  checkResponses?: boolean
  /** Milliseconds that requests have to finish when the server stops. Default 10 s. */
  graceMs?: number
  /** The console's page, bundled as it is worked on, instead of the built one. */
  page?: Bun.HTMLBundle
}

const GRACE_MS = 10_000

/** Opens the database, brings it up to date, and builds everything that the configuration asks for. */
export async function createServer(config: Config, log: Logger, options: ServerOptions = {}): Promise<NekodeServer> {
  const commits = new CommitTimes()
  const key = loadKey(config.dataDir, config.secretKey)
  const secrets = new Secrets(key)
  const unlock = lockDatabase(config.dsn)
  // Told through the log, which takes out what is nobody's business.
  const report = (error: unknown): void => log.error('a listener of the event log failed', { error })
  const db = commits.around(await openDatabase(config.dsn, { durability: config.durability, report }))
  await migrate(db)
  const core = await createCore(db, log, await loadServerId(db), secrets, new Limits(config.limits))
  const services = await createServices(core, config, commits)
  const addresses = new Addresses({
    baseUrl: config.baseUrl,
    trustProxy: config.trustProxy,
    fallback: `http://localhost:${config.addr.port}`,
    onProxy: () =>
      log.warn(
        'requests come through a proxy; set NEKODE_TRUST_PROXY so that callers are told apart by their addresses',
      ),
  })

  const hono = new Hono({ strict: true })
  const { mount, mounted } = router(hono, {
    credentials: core.credentials,
    limits: core.limits,
    addressOf: addresses.client,
    checkResponses: options.checkResponses ?? false,
    observe: services.system.observe,
  })
  mountRoutes(mount, core, config, services, addresses)
  backupRoutes(mount, core, { dsn: config.dsn, dataDir: config.dataDir, key })
  const serving = new TunnelServing(core, config, {
    ...services,
    addresses,
    ports: () => ({ main: listeners?.port ?? config.addr.port, preview: listeners?.previewPort }),
  })
  serving.mount(mount, hono)
  const { published, files } = services
  const show = new ArtifactShow({ ...files, published, origin: serving.origin })
  serving.alsoShow(show)
  publishedRoutes(mount, { ...files, published, show, idempotency: core.idempotency, addresses })
  workspaceRoutes(mount, services.workspaces)
  screenRoutes(mount, core, services.screens, addresses)
  hono.all('/api/*', notFound(api))
  hono.get('*', consoleAssets(config.webDistDir ?? bundled('console')))
  hono.notFound(() => errorResponse(new NekodeError('not_found', 'There is nothing at this address.')))
  hono.onError(onError(log))

  const jobs = new Jobs(core, services, { ...config.retention, auditDays: config.auditRetentionDays })
  const fetch = async (request: Request, edge: Edge): Promise<Response> =>
    secure(await hono.fetch(request, edge), edge.tls)
  const failed = (error: unknown): Response => {
    log.error('a request could not be handled', { error })
    return errorResponse(normalise(error))
  }
  let listeners: Listeners | undefined
  let setupCode: string | undefined
  return {
    core,
    services,
    routes: mounted,
    get port() {
      return listeners?.port ?? 0
    },
    get localUrl() {
      return listeners?.localUrl ?? ''
    },
    get previewPort() {
      return listeners?.previewPort
    },
    get grpcPort() {
      return listeners?.grpcPort
    },
    get setupCode() {
      return setupCode
    },
    start: async () => {
      if (config.admin) await services.auth.bootstrapFromEnvironment(config.admin)
      if (config.webSetup) setupCode = await services.auth.setup.renew()
      await services.computers.load()
      await services.endpointBook.load()
      await services.search.ensure()
      jobs.start()
      serving.start()
      const rpc = async (): Promise<Rpc> =>
        (await import('./rpc/router')).createRpc(core, services, { addressOf: addresses.of })
      listeners = await openListeners(config, { fetch, failed, rpc, page: options.page, previews: serving.previews })
    },
    stop: async () => {
      services.system.stop()
      jobs.stop()
      serving.stop()
      services.push.stop()
      core.hub.close()
      await services.outboundWorker.stop()
      await listeners?.stop(options.graceMs ?? GRACE_MS)
      await db.close()
      unlock()
    },
  }
}

async function createServices(core: Core, config: Config, commits: CommitTimes): Promise<Services> {
  const computers = new Computers(core)
  const conversation = createConversation(core, computers, {
    dataDir: config.dataDir,
    storage: config.storage,
    baseUrl: config.baseUrl,
  })
  const attachments = new Attachments(core.log)
  const users = new UserService(core, conversation.channels)
  const factors = new Factors(core.db, core.secrets)
  const auth = new AuthService(core, users, factors, { webSetup: config.webSetup })
  return {
    ...conversation,
    ...createIntegrations(core, conversation.messages, { allow: config.outgoingAllow, baseUrl: config.baseUrl }),
    computers,
    enrollments: new Enrollments({ ...core, computers }),
    artifacts: new Artifacts({ dataDir: config.dataDir, programDir: programDir(), version, log: core.log }),
    users,
    auth,
    invites: new InviteService(core, { users, auth, channels: conversation.channels }),
    secondFactor: new SecondFactorService(core, { auth, users, factors }),
    oidc: new OidcService(core, config.oidc, { users, auth }),
    tokens: new TokenService(core),
    system: new SystemService(core, commits),
    attachments,
    workspaces: new WorkspaceService(core, attachments),
    screens: new ScreenService(core, { runs: conversation.runs, attachments }),
  }
}

function mountRoutes(mount: Mount, core: Core, config: Config, services: Services, addresses: Addresses): void {
  systemRoutes(mount, services.system, addresses, () =>
    serverStatus({ core, system: services.system, blobs: services.files.blobs, config }),
  )
  authRoutes(mount, services.auth, addresses, services.oidc)
  userRoutes(mount, services.users, services)
  inviteRoutes(mount, services.invites, addresses)
  secondFactorRoutes(mount, services.secondFactor, addresses)
  oidcRoutes(mount, services.oidc, addresses, core)
  tokenRoutes(mount, services.tokens)
  auditRoutes(mount, core.audit)
  eventRoutes(mount, core, addresses)
  computerRoutes(mount, services.computers)
  enrollmentRoutes(mount, services.enrollments, {
    publicUrl: (c) => addresses.publicUrl(c),
    daemonUrl: config.daemonRpcUrl,
    release: {
      version: config.daemonDownload.version?.replace(/^v/, '') ?? version,
      baseUrl: config.daemonDownload.baseUrl,
    },
  })
  artifactRoutes(mount, services.artifacts)
  attachmentRoutes(mount, { ...services.files, idempotency: core.idempotency, addresses })
  conversationRoutes(mount, core, services)
  const activity = new ActivityService(core, services.runs)
  automationRoutes(mount, core, { ...services, activity, addresses, daemonUrl: config.daemonRpcUrl })
  integrationRoutes(mount, services)
}
