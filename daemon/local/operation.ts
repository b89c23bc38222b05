import { z } from 'zod'

/**
 * What can be asked of the daemon under one name. A request is an object with `type` and these fields; the answer is an object whose
 * `type` is one of the keys of `answers`, with the fields of that shape.
 */
export interface Operation {
  input: z.ZodObject
  answers: Record<string, z.ZodObject>
  /** It needs the local token also on the socket, which only this user can reach: it reveals or changes secrets, or ends the daemon. */
  needsToken?: true
  /** Agents may ask for it with the token of their process, in their own name and about themselves. */
  forAgents?: true
  /** One line for the list of operations. */
  about: string
}

/** Makes a value when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}

type Shapes<I, A> = { input: I; answers: A }

/** An operation whose shapes are made when it is first asked for: those of a service that nobody uses would only take memory. */
export function onDemand<I extends z.ZodObject, const A extends Record<string, z.ZodObject>>(
  rest: Omit<Operation, keyof Shapes<I, A>>,
  make: () => Shapes<I, A>,
): Omit<Operation, keyof Shapes<I, A>> & Shapes<I, A> {
  const shapes = once(make)
  return {
    ...rest,
    get input() {
      return shapes().input
    },
    get answers() {
      return shapes().answers
    },
  }
}

/** Operations by name. A service declares its own beside its code, in `contract.ts`. */
export type Operations = Record<string, Operation>

/** Keeps the types of a table of operations. */
export const operations = <const T extends Operations>(table: T): T => table

export type Input<T extends Operation> = z.input<T['input']>
export type Answer<T extends Operation> = {
  [Name in keyof T['answers'] & string]: { type: Name } & Fields<T['answers'][Name]>
}[keyof T['answers'] & string]

/** Of a shape without fields zod makes one that forbids every field, `type` too. */
type Fields<T extends z.ZodObject> = keyof z.infer<T> & keyof T['shape'] extends never ? unknown : z.infer<T>

/** Who asks. `owner`: whoever may use this user's files; `agent`: the process of an agent, by its own token. */
export type Caller =
  { kind: 'owner'; /** The request carried the local token. */ hasToken: boolean } | { kind: 'agent'; agentId: string }

/** What answers the operations of a table. A handler throws NekodeError; its `code` is the code of the error on the wire. */
export type Handlers<T extends Operations> = {
  [Name in keyof T]: (input: z.infer<T[Name]['input']>, caller: Caller) => Promise<Answer<T[Name]>> | Answer<T[Name]>
}

/** An operation with what answers it. */
export interface Served {
  operation: Operation
  /** @param input parsed by the operation's schema */
  run(input: Record<string, unknown>, caller: Caller): unknown
}

/** A table with its handlers, for the dispatcher. */
export function serve<T extends Operations>(table: T, handlers: Handlers<T>): Map<string, Served> {
  const served = new Map<string, Served>()
  for (const [name, operation] of Object.entries(table)) {
    const run: unknown = handlers[name]
    if (isRun(run)) served.set(name, { operation, run })
  }
  return served
}

/** The handler's own type fits the schema of its operation, which the compiler has held it to. */
const isRun = (value: unknown): value is Served['run'] => typeof value === 'function'

/** An answer without anything in it. */
export const nothing = z.object({})
