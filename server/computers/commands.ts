import { type Actor, DaemonCommand, type EventPayload } from '@shared/contract'
import { NekodeError } from '@shared/errors'
import { newId } from '@shared/ids'
import { redactText } from '@shared/redact'
import { and, eq, inArray, lt } from 'drizzle-orm'
import { z } from 'zod'
import { type ComputerPrincipal, SYSTEM, actorOf } from '../access/principal'
import { type Database, type NewEvent, type Tx, affected } from '../db/database'
import type { Row } from '../db/tables'
import { clip } from './text'

export type Operation = Row<'operations'>
export type OperationState = Operation['state']

/** What the wire has an action of its own for; everything else is a `DaemonCommand`. */
export const ControlAction = z.enum(['terminate', 'restart', 'restart_reset_session', 'restart_full_reset'])
export type ControlAction = z.infer<typeof ControlAction>

export type NewCommand = {
  computerId: string
  agentId?: string | null
  requestedBy: Actor
} & ({ action: ControlAction; reason?: string } | { command: DaemonCommand })

/** An operation as a daemon gets it. `reason` is a person's words for a named action, and the command as JSON for `custom`. */
export interface Control {
  operation: Operation
  action: ControlAction | 'custom'
  reason: string
}

/** What a daemon says about an operation, as JSON in the `detail` of an activity of kind `operation`. */
export const OperationReport = z.object({
  operationId: z.string().max(64),
  state: z.enum(['running', 'completed', 'failed', 'unsupported']),
  detail: z.string().default(''),
})
export type OperationReport = z.infer<typeof OperationReport>

const OPEN: OperationState[] = ['queued', 'running']
/** What daemons report on. The rest is passed on to a run, which shows what became of it. */
const REPORTED = [...ControlAction.options, 'install_runtime']
/** A reported operation that its daemon has not mentioned for this long is over: nobody waits for it any more. */
const SILENT_MS = 60 * 60_000
const KEPT_MS = 30 * 24 * 60 * 60_000
const BATCH = 200

/** Things that a daemon is asked to do and that are not runs, and what became of them. */
export class Commands {
  constructor(
    private readonly db: Database,
    private readonly now: () => number = Date.now,
  ) {}

  /** Tells a computer's daemon to do something. It gets it with the event; at once when it is connected, else when it is back. */
  async enqueue(tx: Tx, input: NewCommand): Promise<Operation> {
    const now = this.now()
    const operation: Operation = {
      id: newId('ctl'),
      computerId: input.computerId,
      agentId: input.agentId ?? null,
      action: 'command' in input ? input.command.type : input.action,
      reason: 'command' in input ? JSON.stringify(input.command) : (input.reason ?? ''),
      state: 'queued',
      detail: '',
      requestedBy: input.requestedBy.id,
      createdAt: now,
      updatedAt: now,
    }
    await tx.insert(this.db.t.operations, operation)
    tx.emit(eventOf(operation, 'created', `computer:${operation.computerId}`, input.requestedBy))
    return operation
  }

  async find(id: string): Promise<Operation | undefined> {
    const { q, t } = this.db
    const [row] = await q.select().from(t.operations).where(eq(t.operations.id, id))
    return row
  }

  /** An operation to hand to its daemon; undefined when it is over, so that an order of last week is not carried out today. */
  async control(id: string): Promise<Control | undefined> {
    const operation = await this.find(id)
    if (!operation || !OPEN.includes(operation.state)) return undefined
    const action = ControlAction.safeParse(operation.action)
    return { operation, action: action.success ? action.data : 'custom', reason: operation.reason }
  }

  /** An open operation of the same kind, so that asking twice does it once. */
  async pending(tx: Tx, computerId: string, command: DaemonCommand): Promise<Operation | undefined> {
    const { operations } = this.db.t
    const rows = await tx.q
      .select()
      .from(operations)
      .where(
        and(
          eq(operations.computerId, computerId),
          eq(operations.action, command.type),
          inArray(operations.state, OPEN),
        ),
      )
    return rows.find((row) => Bun.deepEquals(DaemonCommand.safeParse(parseJson(row.reason)).data, command))
  }

  /** Takes in what a daemon reports. One that is over stays as it is: daemons repeat themselves after a lost answer. */
  async report(p: ComputerPrincipal, report: OperationReport): Promise<Operation> {
    const known = await this.find(report.operationId)
    if (known?.computerId !== p.id)
      throw new NekodeError('not_found', 'There is no such operation for this computer.', {
        code: 'operation_unknown',
        next: 'Report only operations that came with an event for this computer.',
      })
    const detail = clip(redactText(report.detail), 4000)
    return this.db.tx(async (tx) => {
      const changed = await this.#move(tx, known, report.state, detail)
      if (!changed) return known
      tx.emit(eventOf(changed, 'state_changed', toldTo(changed), actorOf(p)))
      return changed
    })
  }

  async #move(tx: Tx, from: Operation, state: OperationState, detail: string): Promise<Operation | undefined> {
    const { operations } = this.db.t
    const updatedAt = this.now()
    const result = await tx.q
      .update(operations)
      .set({ state, detail, updatedAt })
      .where(and(eq(operations.id, from.id), inArray(operations.state, OPEN)))
    return affected(result) ? { ...from, state, detail, updatedAt } : undefined
  }

  /** Everything open of a computer that is gone. */
  async failAll(tx: Tx, computerId: string, detail: string): Promise<void> {
    const { operations } = this.db.t
    await tx.q
      .update(operations)
      .set({ state: 'failed', detail, updatedAt: this.now() })
      .where(and(eq(operations.computerId, computerId), inArray(operations.state, OPEN)))
  }

  /** Ends what a daemon should have reported on and did not for an hour, and forgets what is a month old. */
  async sweep(): Promise<void> {
    const { q, t } = this.db
    const silent = and(
      inArray(t.operations.state, OPEN),
      inArray(t.operations.action, REPORTED),
      lt(t.operations.updatedAt, this.now() - SILENT_MS),
    )
    const rows = await q.select().from(t.operations).where(silent).limit(BATCH)
    if (rows.length)
      await this.db.tx(async (tx) => {
        for (const row of rows) {
          const changed = await this.#move(tx, row, 'failed', 'The computer did not report back.')
          if (changed) tx.emit(eventOf(changed, 'state_changed', toldTo(changed), SYSTEM))
        }
      })
    await this.db.tx(async (tx) => {
      await tx.q.delete(t.operations).where(lt(t.operations.createdAt, this.now() - KEPT_MS))
    })
  }
}

/** What programs print on a computer is for admins, and for whoever gave the order. */
const toldTo = ({ requestedBy }: Operation): string => `admin:${requestedBy}`

function eventOf(o: Operation, operation: NewEvent['operation'], audience: string, actor: Actor): NewEvent {
  const payload: z.infer<typeof EventPayload.operation> = {
    id: o.id,
    computerId: o.computerId,
    action: o.action,
    state: o.state,
    detail: o.detail,
  }
  return { kind: 'operation', operation, aggregateId: o.id, audience, actor, payload }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // A person's words beside a named action.
    return undefined
  }
}
