/** Upper bounds of histogram buckets, in seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

type Labels = Record<string, string | number>

interface Metric {
  name: string
  help: string
  type: 'counter' | 'gauge' | 'histogram'
  /** Lines without the two of the head. */
  lines(): string[]
}

/** Numbers for Prometheus, in its text format 0.0.4. */
export class Metrics {
  readonly #metrics: Metric[] = []

  /** A count for each combination of labels. */
  counter(name: string, help: string): (labels: Labels) => void {
    const counts = new Map<string, number>()
    this.#metrics.push({
      name,
      help,
      type: 'counter',
      lines: () => [...counts].map(([labels, count]) => `${name}${labels} ${count}`),
    })
    return (labels) => {
      const key = text(labels)
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }

  /** A number that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number): void {
    this.#metrics.push({ name, help, type: 'gauge', lines: () => [`${name} ${read()}`] })
  }

  /** How durations spread. @returns takes milliseconds */
  histogram(name: string, help: string): (ms: number) => void {
    const buckets = BUCKETS.map((bound) => ({ bound, count: 0 }))
    let sum = 0
    let count = 0
    this.#metrics.push({
      name,
      help,
      type: 'histogram',
      lines: () => [
        ...buckets.map((b) => `${name}_bucket{le="${b.bound}"} ${b.count}`),
        `${name}_bucket{le="+Inf"} ${count}`,
        `${name}_sum ${sum}`,
        `${name}_count ${count}`,
      ],
    })
    return (ms) => {
      const seconds = ms / 1000
      sum += seconds
      count++
      for (const bucket of buckets) if (seconds <= bucket.bound) bucket.count++
    }
  }

  render(): string {
    const blocks = this.#metrics.map(({ name, help, type, lines }) =>
      [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines()].join('\n'),
    )
    return `${blocks.join('\n')}\n`
  }
}

function text(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(String(value))}"`)
  return pairs.length ? `{${pairs.join(',')}}` : ''
}

const escape = (value: string): string => value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))
