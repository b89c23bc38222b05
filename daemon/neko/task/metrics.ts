import { errorText } from '@shared/errors'
import type { Logger } from '@shared/log'

/** Seconds. A model takes from a tenth of a second to two minutes, an action milliseconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/** A number that only grows, for each value of one label or without any. Every one of its names says the same. */
class Counter {
  readonly #values = new Map<string, number>()

  constructor(
    readonly names: readonly string[],
    readonly help: string,
    readonly label?: string,
  ) {
    if (label === undefined) this.#values.set('', 0)
  }

  add(value = '', by = 1): void {
    this.#values.set(value, (this.#values.get(value) ?? 0) + by)
  }

  get(value = ''): number {
    return this.#values.get(value) ?? 0
  }

  render(): string {
    const line = (name: string, value: string, count: number) =>
      this.label === undefined ? `${name} ${count}` : `${name}{${this.label}="${escaped(value)}"} ${count}`
    return this.names
      .map((name) =>
        [
          ...heading(name, this.help, 'counter'),
          ...[...this.#values].map(([value, count]) => line(name, value, count)),
        ].join('\n'),
      )
      .join('\n')
  }
}

class Histogram {
  readonly #counts = BUCKETS.map(() => 0)
  #sum = 0
  #count = 0

  constructor(
    readonly names: readonly string[],
    readonly help: string,
  ) {}

  observe(seconds: number): void {
    this.#sum += seconds
    this.#count++
    for (const [index, most] of BUCKETS.entries()) if (seconds <= most) this.#counts[index] = this.#in(index) + 1
  }

  get count(): number {
    return this.#count
  }

  #in(index: number): number {
    return this.#counts[index] ?? 0
  }

  render(): string {
    return this.names
      .map((name) =>
        [
          ...heading(name, this.help, 'histogram'),
          ...BUCKETS.map((most, index) => `${name}_bucket{le="${most}"} ${this.#in(index)}`),
          `${name}_bucket{le="+Inf"} ${this.#count}`,
          `${name}_sum ${this.#sum}`,
          `${name}_count ${this.#count}`,
        ].join('\n'),
      )
      .join('\n')
  }
}

const heading = (name: string, help: string, type: string): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
]
const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** What an agent counts. Where earlier tools had another name for the same, both are exported. */
export class Metrics {
  readonly reconnects = new Counter(
    ['neko_agent_reconnects_total', 'neko_reconnects_total'],
    'Connections to the Neko server that were made again',
  )
  readonly frames = new Counter(
    ['neko_agent_frames_processed_total', 'neko_frames_received_total'],
    'Pictures of the screen that were looked at',
  )
  readonly inference = new Histogram(
    ['neko_agent_inference_seconds', 'neko_inference_latency_seconds'],
    'Time of one call of the model',
  )
  readonly execution = new Histogram(['neko_agent_action_execution_seconds'], 'Time until an action was sent')
  readonly resize = new Histogram(
    ['neko_agent_resize_duration_seconds', 'neko_resize_duration_seconds'],
    'Time to make the picture for the model out of the one of the screen',
  )
  readonly actions = new Counter(
    ['neko_agent_actions_executed_total', 'neko_actions_executed_total'],
    'Actions that were carried out',
    'action_type',
  )
  readonly parseErrors = new Counter(
    ['neko_agent_parse_errors_total', 'neko_parse_errors_total'],
    'Answers of the model that held no action',
  )
  readonly steps = new Counter(
    ['neko_agent_navigation_steps_total', 'neko_navigation_steps_total'],
    'Steps of tasks: a picture that was shown to the model',
  )
  readonly tasks = new Counter(['neko_agent_tasks_total'], 'Tasks that ended', 'reason')

  /** Prometheus text, version 0.0.4. */
  render(): string {
    const all = [
      this.reconnects,
      this.frames,
      this.inference,
      this.execution,
      this.resize,
      this.actions,
      this.parseErrors,
      this.steps,
      this.tasks,
    ]
    return `${all.map((metric) => metric.render()).join('\n')}\n`
  }
}

/**
 * Serves `/metrics`. That the port is taken is only logged: nobody stops working for want of figures.
 * @returns what ends it, and the port; null when it does not run
 */
export function serveMetrics(
  metrics: Metrics,
  { hostname, port, log }: { hostname: string; port: number; log: Logger },
): { port: number; stop: () => Promise<void> } | null {
  try {
    const server = Bun.serve({
      hostname,
      port,
      reusePort: false,
      development: false,
      fetch: (request) =>
        new URL(request.url).pathname === '/metrics'
          ? new Response(metrics.render(), { headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' } })
          : new Response('The figures are at /metrics.\n', { status: 404 }),
    })
    log.info('figures are served', { url: `http://${hostname}:${server.port}/metrics` })
    return { port: server.port ?? port, stop: () => server.stop(true) }
  } catch (error) {
    log.warn('figures are not served: the port cannot be had', { hostname, port, error: errorText(error) })
    return null
  }
}
