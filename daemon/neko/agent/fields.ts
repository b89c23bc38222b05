import type { Literal } from './literal'

/** The fields of what a model wrote, whatever it calls them. */
export class Fields {
  readonly #fields: Map<string, Literal>

  constructor(raw: { [key: string]: Literal }) {
    this.#fields = new Map(
      Object.entries(raw).map(([key, value]) => [key.toLowerCase().replaceAll(/[^a-z0-9]/g, ''), value]),
    )
  }

  /** The first of these that is there and not null. */
  get(...names: string[]): Literal | undefined {
    for (const name of names) {
      const value = this.#fields.get(name)
      if (value !== undefined && value !== null) return value
    }
    return undefined
  }

  text(...names: string[]): string | undefined {
    const value = this.get(...names)
    return typeof value === 'string'
      ? value
      : typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : undefined
  }

  number(...names: string[]): number | undefined {
    const value = this.get(...names)
    const number = typeof value === 'string' && value.trim() !== '' ? Number.parseFloat(value) : value
    return typeof number === 'number' && Number.isFinite(number) ? number : undefined
  }
}
