import { join } from 'node:path'

const root = join(import.meta.dir, '../..')

/** The program itself: the script of its package starts it as a child, which a signal to the script does not reach. */
function program(): string {
  const [found] = [...new Bun.Glob('node_modules/@bufbuild/buf-*/bin/buf{,.exe}').scanSync(root)]
  if (found === undefined) throw new Error('buf is not installed for this platform; run “bun install”')
  return join(root, found)
}

export interface BufOptions {
  url: string
  method: string
  protocol: 'connect' | 'grpc' | 'grpcweb'
  /** Clear text HTTP/2 without an upgrade. */
  h2c?: boolean
  /** Path of a PEM file. */
  ca?: string
  token?: string
  /** JSON, one value a message. */
  data?: string
  /** Ends the call once its output fits: for streams without an end. */
  until?: (output: string) => boolean
}

export interface BufAnswer {
  /** 0, or eight times the code of the error. */
  exitCode: number | null
  output: string
  error: string
}

/** Calls by `buf curl`, a client in Go that shares no code with ours. */
export async function bufCurl(options: BufOptions): Promise<BufAnswer> {
  const { url, method, protocol, h2c, ca, token, data = '{}', until } = options
  const args = ['curl', '--schema', join(root, 'proto'), '--protocol', protocol, '--data', '@-']
  if (h2c) args.push('--http2-prior-knowledge')
  if (ca) args.push('--cacert', ca)
  if (token) args.push('--header', `authorization: Bearer ${token}`)
  const client = Bun.spawn([program(), ...args, `${url}/nekode.daemon.v1.DaemonControlService/${method}`], {
    cwd: root,
    stdin: new TextEncoder().encode(data),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const error = new Response(client.stderr).text()
  let output = ''
  const decoder = new TextDecoder()
  for await (const chunk of client.stdout) {
    output += decoder.decode(chunk, { stream: true })
    if (until?.(output)) client.kill('SIGINT')
  }
  return { exitCode: await client.exited, output, error: await error }
}
