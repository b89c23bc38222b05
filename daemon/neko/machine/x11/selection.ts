import { NekodeError } from '@shared/errors'
import { type Core, EVENT, asEvent } from './core'
import { Request } from './wire'

/** What is offered: the name of a target (`UTF8_STRING`, `text/html`, …) and its bytes. */
export type Offer = ReadonlyMap<string, Uint8Array>

const ANSWER_MS = 3000
/** Larger values go in parts (ICCCM 2.7.2). */
const PART = 64 * 1024
const STALE_MS = 30_000
const MAX_BYTES = 64 * 1024 * 1024

interface Transfer {
  requestor: number
  property: number
  type: number
  left: Uint8Array
  /** Of its last part, in epoch milliseconds. */
  at: number
}

/** One selection (`CLIPBOARD`, `XdndSelection`), as its owner and as one who asks. */
export class Selection {
  readonly window: number
  #offer: Offer | undefined
  readonly #transfers = new Map<string, Transfer>()
  readonly #stops: (() => void)[]
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(
    readonly core: Core,
    readonly name: string,
    readonly atom: number,
  ) {
    this.window = core.createWindow()
    this.#stops = [
      core.x.on(EVENT.selectionRequest, (event) => {
        const owner = event.from(8).u32()
        const requestor = event.u32()
        if (owner !== this.window || event.u32() !== this.atom) return
        // Who asked may be gone by the time of the answer: nobody misses it then.
        void this.#serve(requestor, event.u32(), event.u32(), event.from(4).u32()).catch(() => undefined)
      }),
      core.x.on(EVENT.selectionClear, (event) => {
        const owner = event.from(8).u32()
        if (owner === this.window && event.u32() === this.atom) this.#offer = undefined
      }),
      core.x.on(EVENT.propertyNotify, (event) => {
        const window = event.from(4).u32()
        const property = event.u32()
        const isDeleted = event.skip(4).u8() === 1
        if (isDeleted) this.#sendPart(`${window} ${property}`)
      }),
    ]
  }

  static async open(core: Core, name: string): Promise<Selection> {
    return new Selection(core, name, await core.atom(name))
  }

  get owned(): Offer | undefined {
    return this.#offer
  }

  /** Offers this to whoever asks, from now on until somebody else owns the selection. */
  async own(offer: Offer): Promise<void> {
    this.#offer = offer
    this.core.own(this.atom, this.window)
    if ((await this.core.owner(this.atom)) !== this.window)
      throw new NekodeError('internal', `the X server gave ${this.name} to nobody`)
  }

  /** Names of what the owner offers; empty without an owner. */
  async targets(): Promise<string[]> {
    if (this.#offer) return [...this.#offer.keys()]
    const atoms = await this.#turns(() => this.#ask('TARGETS'))
    if (!atoms) return []
    const view = new DataView(atoms.buffer, atoms.byteOffset, atoms.length)
    const list = Array.from({ length: Math.floor(atoms.length / 4) }, (_, index) => view.getUint32(index * 4, true))
    // The first ones are always there; a list may hold a number that is none.
    return Promise.all(list.map((atom) => this.core.atomName(atom).catch(() => '')))
  }

  /** What is offered under this name; undefined when it is not. */
  async read(target: string): Promise<Uint8Array | undefined> {
    return this.#offer ? this.#offer.get(target) : this.#turns(() => this.#ask(target))
  }

  close(): void {
    for (const stop of this.#stops) stop()
    this.core.destroyWindow(this.window)
  }

  /** One question at a time: answers come in one property. */
  #turns<T>(question: () => Promise<T>): Promise<T> {
    const answer = this.#turn.then(question)
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  async #ask(targetName: string): Promise<Uint8Array | undefined> {
    const { core } = this
    const [target, property, incr] = await Promise.all([
      core.atom(targetName),
      core.atom('NEKODE_SELECTION'),
      core.atom('INCR'),
    ])
    if ((await core.owner(this.atom)) === 0) return undefined
    core.deleteProperty(this.window, property)
    const answer = this.#next(EVENT.selectionNotify, (event) => {
      const requestor = event.from(8).u32()
      return requestor === this.window && event.u32() === this.atom && event.u32() === target ? event.u32() : undefined
    })
    core.convert(this.atom, target, property, this.window)
    // Refused, or an owner that does not answer: it offers nothing.
    if (!(await answer)) return undefined
    // Deleting the property of the type INCR is what starts it: whoever waits for its parts has to wait before.
    const parts = this.#collectParts(property)
    const found = await core.property(this.window, property, true)
    if (found?.type === incr) return parts.all()
    parts.stop()
    return found?.value
  }

  #collectParts(property: number): { all(): Promise<Uint8Array | undefined>; stop(): void } {
    const news: number[] = []
    let wake: (() => void) | undefined
    const stop = this.core.x.on(EVENT.propertyNotify, (event) => {
      const isOurs = event.from(4).u32() === this.window && event.u32() === property
      if (!isOurs || event.skip(4).u8() !== 0) return
      news.push(1)
      wake?.()
    })
    const all = async () => {
      const parts: Uint8Array[] = []
      let size = 0
      try {
        for (;;) {
          if (!news.length) await withTimeout(new Promise<void>((resolve) => (wake = resolve)))
          if (!news.length) return undefined
          news.shift()
          const part = await this.core.property(this.window, property, true)
          // The news of the first answer came late: its property has been read already.
          if (!part) continue
          if (part.value.length === 0) return Buffer.concat(parts)
          parts.push(part.value)
          size += part.value.length
          if (size > MAX_BYTES) return undefined
        }
      } finally {
        stop()
      }
    }
    return { all, stop }
  }

  /** What `pick` makes of the next event that it wants; undefined when none comes in time. */
  async #next<T>(code: number, pick: (event: Parameters<Parameters<Core['x']['on']>[1]>[0]) => T | undefined) {
    let stop = () => {}
    const found = new Promise<T>((resolve) => {
      stop = this.core.x.on(code, (event) => {
        const picked = pick(event)
        if (picked !== undefined) resolve(picked)
      })
    })
    try {
      return await withTimeout(found)
    } finally {
      stop()
    }
  }

  async #serve(requestor: number, target: number, wanted: number, time: number): Promise<void> {
    const { core } = this
    // Old programs name no property.
    const property = wanted || target
    const name = await core.atomName(target)
    const done = await this.#put(requestor, target, name, property)
    const event = new Request(EVENT.selectionNotify)
      .u32(time, requestor, this.atom, target, done ? property : 0)
      .skip(8)
    core.sendEvent(requestor, asEvent(event))
  }

  async #put(requestor: number, target: number, name: string, property: number): Promise<boolean> {
    const { core } = this
    const offer = this.#offer
    if (!offer) return false
    if (name === 'TARGETS') {
      const names = [...offer.keys(), 'TARGETS', 'TIMESTAMP']
      const atoms = await Promise.all(names.map((one) => core.atom(one)))
      core.changeProperty(requestor, property, 4, 32, numbers(atoms))
      return true
    }
    if (name === 'TIMESTAMP') {
      core.changeProperty(requestor, property, 19, 32, numbers([0]))
      return true
    }
    const value = offer.get(name)
    if (!value) return false
    if (value.length <= PART) {
      core.changeProperty(requestor, property, target, 8, value)
      return true
    }
    core.watchProperties(requestor)
    const at = Date.now()
    // Of programs that ended, or gave up.
    for (const [key, transfer] of this.#transfers) if (transfer.at < at - STALE_MS) this.#transfers.delete(key)
    this.#transfers.set(`${requestor} ${property}`, { requestor, property, type: target, left: value, at })
    core.changeProperty(requestor, property, await core.atom('INCR'), 32, numbers([value.length]))
    return true
  }

  /** The one who asked took the last part: here is the next; an empty one is the end. */
  #sendPart(key: string): void {
    const transfer = this.#transfers.get(key)
    if (!transfer) return
    transfer.at = Date.now()
    const part = transfer.left.subarray(0, PART)
    this.core.changeProperty(transfer.requestor, transfer.property, transfer.type, 8, part)
    transfer.left = transfer.left.subarray(part.length)
    if (part.length) return
    this.#transfers.delete(key)
    this.core.watchProperties(transfer.requestor, false)
  }
}

export function numbers(values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => view.setUint32(index * 4, value, true))
  return bytes
}

async function withTimeout<T>(work: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), ANSWER_MS)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
