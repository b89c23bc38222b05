import { NekodeError } from '@shared/errors'

/**
 * Services that let in whoever reaches them on loopback, or that are another way onto the computer: databases, container and cluster
 * control, remote desktops, debuggers. They are shown to nobody unless the computer's owner says so.
 */
const SERVICES = new Set([
  1433,
  1521,
  2049,
  2181,
  2375,
  2376,
  2379,
  2380,
  3306,
  3389,
  4243,
  5432,
  5433,
  5671,
  5672,
  5984,
  5985,
  5986,
  6379,
  6380,
  6443,
  8500,
  9042,
  9092,
  9200,
  9222,
  9229,
  9300,
  10_250,
  10_255,
  11_211,
  27_017,
  27_018,
  ...Array.from({ length: 11 }, (_, i) => 5900 + i),
])
const FIRST_OPEN = 1024
const LAST = 65_535

type Range = [from: number, to: number]

/** Which ports of this computer may be shown. */
export interface PortPolicy {
  /** Why a port may not be shown; undefined when it may. */
  refusal(port: number): string | undefined
}

/**
 * @param text what the configuration allows: `3000-3999,8080`, `none`, or empty for everything but the system's ports and services
 * @param own ports of the daemon and of its server on this computer, as of now
 * @throws NekodeError precondition `config_invalid`
 */
export function portPolicy(text: string, own: () => readonly number[]): PortPolicy {
  const allowed = text.trim() === '' ? undefined : parse(text)
  return {
    refusal(port) {
      if (!Number.isSafeInteger(port) || port < 1 || port > LAST) return `${port} is no port.`
      // Whatever is allowed: through them the server could be reached as if from this computer.
      if (own().includes(port)) return `Port ${port} is Nekode's own.`
      if (allowed)
        return allowed.some(([from, to]) => from <= port && port <= to)
          ? undefined
          : `Port ${port} is not among those that this computer's configuration allows (tunnelPorts).`
      if (port < FIRST_OPEN)
        return `Port ${port} is a system port; this computer shows those only when its configuration allows them (tunnelPorts).`
      return SERVICES.has(port)
        ? `Port ${port} is that of a service; this computer shows those only when its configuration allows them (tunnelPorts).`
        : undefined
    },
  }
}

function parse(text: string): Range[] {
  if (text.trim() === 'none') return []
  return text.split(',').map((part) => {
    const [, from = '', to = from] = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(part) ?? []
    const range: Range = [Number(from), Number(to)]
    if (from !== '' && range[0] >= 1 && range[0] <= range[1] && range[1] <= LAST) return range
    throw new NekodeError('precondition', `tunnelPorts is “${text}”, of which “${part.trim()}” is no port or range.`, {
      code: 'config_invalid',
      next: 'Write ports and ranges such as 3000-3999,8080, or none.',
    })
  })
}
