import { ScreenRights, ScreenWish, SCREEN_LIMITS } from '@shared/contract/screens'
import { NekodeError } from '@shared/errors'
import type { Logger } from '@shared/log'
import type { Exchange } from '@shared/tunnel/exchange'
import { packet, packets } from '@shared/tunnel/packets'
import { z } from 'zod'
import type { LiveScreens } from './live'
import { Stage, type StageOptions, type Visitor } from './stage'

const Asked = z.object({
  agent: z.string().min(1).max(100),
  user: z.string().min(1).max(100),
  name: z.string().min(1).max(100),
  may: z.enum(['watch', 'take-over']),
})
const Said = z.union([ScreenWish, ScreenRights])

/** Reports that may wait for a line that takes none: one that does not move at all is given up. */
const MAX_WAITING = 200

/** Shows the screens of this computer's agents to whom the server lets in, one exchange a viewer. */
export class ScreenServer {
  readonly #stages = new Map<string, Stage>()

  constructor(
    private readonly screens: LiveScreens,
    private readonly log: Logger,
    private readonly timing: Pick<StageOptions, 'graceMs' | 'idleMs'> = {},
  ) {}

  /** @param path `/watch?agent=…&user=…&name=…&may=…` */
  async serve(exchange: Exchange, path: string): Promise<void> {
    const asked = Asked.safeParse(Object.fromEntries(new URL(path, 'http://screen').searchParams))
    if (!asked.success) return exchange.cancel('The question is not valid.')
    exchange.respond(200, [])
    const { agent, user, name, may } = asked.data
    const line = new Line(exchange)
    const visitor: Visitor = {
      userId: user,
      name,
      mayTakeOver: may === 'take-over',
      report: (report) => line.report(JSON.stringify(report)),
      picture: (picture) => line.picture(picture),
    }
    const visit = this.#stageOf(agent).join(visitor)
    try {
      const limits = { textBytes: SCREEN_LIMITS.wishBytes, binaryBytes: 0 }
      for await (const said of packets(exchange, limits)) {
        const wish = Said.parse(said.kind === 'text' ? JSON.parse(said.text) : undefined)
        if (wish.type === 'rights') visit.rights(wish.takeOver)
        else visit.wish(wish)
      }
      await exchange.end()
    } catch (error) {
      if (!(error instanceof NekodeError)) this.log.info('a viewer of a screen said what cannot be read', { agent })
    } finally {
      exchange.cancel()
      visit.leave()
      this.#tidy()
    }
  }

  #stageOf(agentId: string): Stage {
    this.#tidy()
    const known = this.#stages.get(agentId)
    if (known) return known
    const stage = new Stage({ agentId, screens: this.screens, log: this.log, ...this.timing })
    this.#stages.set(agentId, stage)
    return stage
  }

  /** Stages that nobody looks at, and where nobody is waited for. */
  #tidy(): void {
    for (const [agentId, stage] of this.#stages) {
      if (!stage.isEmpty) continue
      stage.close()
      this.#stages.delete(agentId)
    }
  }
}

/** What goes to one viewer: reports in their order, and ahead of a picture that has to wait. */
class Line {
  readonly #reports: string[] = []
  #picture: Uint8Array<ArrayBuffer> | undefined
  #busy = false

  constructor(private readonly exchange: Exchange) {}

  report(json: string): void {
    if (this.#reports.length >= MAX_WAITING) return this.exchange.cancel('The viewer takes nothing.')
    this.#reports.push(json)
    void this.#send()
  }

  picture(picture: Uint8Array<ArrayBuffer>): void {
    this.#picture = picture
    void this.#send()
  }

  async #send(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) await this.exchange.write(packet(next))
    } catch {
      // The exchange is over, which its reader hears too.
    } finally {
      this.#busy = false
    }
  }

  #next(): string | Uint8Array<ArrayBuffer> | undefined {
    const report = this.#reports.shift()
    if (report !== undefined) return report
    const picture = this.#picture
    this.#picture = undefined
    return picture
  }
}
