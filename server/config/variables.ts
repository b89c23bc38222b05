import { SETTINGS } from './settings'

/** Variables of the daemon, of the command line and of installers; they may well be set beside those of the server. */
const OTHERS = new Set(
  [
    'HOME CONFIG SERVER_URL TOKEN PARENT_PID HOSTNAME COMPUTER_ID COMPUTER_NAME AGENT_ID RUNTIME_KIND TARGET',
    'RUN_POLL_INTERVAL RUN_TIMEOUT MAX_CONCURRENT_RUNS EXECUTOR_COMMAND EXECUTOR_ARGS PURGE_CONFIG CA_FILE',
    'VERSION COMMIT BUILD_TIME',
  ]
    .join(' ')
    .split(' ')
    .map((name) => `NEKODE_${name}`),
)

/** A warning for every NEKODE_ variable that nothing reads, most likely a typing error. */
export function unknownVariables(env: Record<string, string | undefined>): string[] {
  const known = Object.values(SETTINGS).map((setting) => setting.env)
  return Object.keys(env)
    .filter((name) => name.startsWith('NEKODE_') && !known.some((k) => k === name) && !OTHERS.has(name))
    .filter((name) => !/^NEKODE_(DAEMON|AGENT|TEST)_/.test(name))
    .map((name) => {
      const near = known.map((k) => [distance(name, k), k] as const).sort(([a], [b]) => a - b)[0]
      const hint = near && near[0] <= 3 ? ` Did you mean ${near[1]}?` : ''
      return `The variable ${name} is not known and has no effect.${hint}`
    })
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, x] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, y] of [...b].entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (x === y ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}
