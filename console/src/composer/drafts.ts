import { createStore, produce, reconcile } from 'solid-js/store'
import { keep, keptKeys, readKeptJson } from '../store/local'
import { ownKey, ownPrefix } from '../store/kept'
import { listKey } from '../store/state'
import { merge, type LocalDraft } from './merge'

const [drafts, setDrafts] = createStore<Record<string, LocalDraft>>({})
/** Drafts of another device that differ from what is being typed here. */
const [offers, setOffers] = createStore<Record<string, string>>({})
/** Conversations with something that is not sent; apart, so that a list of them is not drawn again with each letter. */
const [marks, setMarks] = createStore<Record<string, true>>({})
export { drafts }

const prefix = () => ownKey('draft.')
const isDraft = (value: unknown): value is LocalDraft =>
  typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string' && 'base' in value

/** Told of each change, to bring it to the server. */
let changed: (key: string) => void = () => undefined
export const whenChanged = (listener: (key: string) => void): void => void (changed = listener)

/** The text that is being written to a conversation; also after a reload, and when the field is gone for a while. */
export const draftOf = (key: string): string => drafts[key]?.text ?? ''
export const offerOf = (key: string): string | undefined => offers[key]
export const hasDraft = (key: string): boolean => marks[key] === true

/** Brings back what this browser has kept, once it is known who reads. */
export function restoreDrafts(): void {
  setDrafts(reconcile({}))
  setMarks(reconcile({}))
  for (const key of keptKeys(prefix())) {
    const draft = readKeptJson(key, isDraft)
    if (draft) put(key.slice(prefix().length), { ...draft, typedAt: 0 })
  }
}

function put(key: string, draft: LocalDraft): void {
  if (drafts[key]) setDrafts(key, draft)
  else setDrafts(key, { ...draft })
  const marked = draft.text.trim() !== ''
  if (marked === hasDraft(key)) return
  if (marked) setMarks(key, true)
  else setMarks(produce((all) => void delete all[key]))
}

export function setDraft(key: string, text: string): void {
  put(key, { text, base: drafts[key]?.base ?? '', typedAt: Date.now() })
  keepSoon(key)
  changed(key)
}

/** What the server has now, as it said itself. */
export function confirmDraft(key: string, base: string): void {
  const draft = drafts[key]
  put(key, { text: draft?.text ?? '', base, typedAt: draft?.typedAt ?? 0 })
  keepSoon(key)
}

/** Takes in a draft of another device, as far as nothing that is typed here is lost by it. */
export function receiveDraft(key: string, content: string, now = Date.now()): void {
  const outcome = merge(drafts[key], content, now)
  const draft = drafts[key]
  if (outcome === 'take' || outcome === 'same') put(key, { text: content, base: content, typedAt: draft?.typedAt ?? 0 })
  else if (draft) put(key, { ...draft, base: content })
  if (outcome === 'offer') setOffers(key, content)
  else setOffers(produce((all) => void delete all[key]))
  keepSoon(key)
  if (outcome === 'keep' || outcome === 'offer') changed(key)
}

/** The writer has chosen between the two. */
export function answerOffer(key: string, take: boolean): void {
  const content = offers[key]
  setOffers(produce((all) => void delete all[key]))
  if (take && content !== undefined) setDraft(key, content)
}

/** Writing it down with each letter would cost a frame now and then. */
const unkept = new Set<string>()
let keepTimer: ReturnType<typeof setTimeout> | undefined
function keepSoon(key: string): void {
  unkept.add(key)
  keepTimer ??= setTimeout(keepNow, 250)
}

/** Writes down what has changed; before the page goes, too. */
export function keepNow(): void {
  clearTimeout(keepTimer)
  keepTimer = undefined
  for (const key of unkept) {
    const draft = drafts[key]
    const empty = !draft || (draft.text.trim() === '' && draft.base === '')
    keep(prefix() + key, empty ? null : JSON.stringify({ text: draft.text, base: draft.base, typedAt: 0 }))
  }
  unkept.clear()
}
addEventListener('pagehide', keepNow)
document.addEventListener('visibilitychange', () => document.hidden && keepNow())

/** The conversations with something that is not sent: the channel, and the thread in it. */
export const draftPlaces = (): { key: string; target: string; threadId: string | null }[] =>
  Object.keys(marks).map((key) => ({ key, ...placeOf(key) }))

export function placeOf(key: string): { target: string; threadId: string | null } {
  const at = key.lastIndexOf('/')
  const threadId = at > 0 && key.slice(at + 1).startsWith('msg_') ? key.slice(at + 1) : null
  return threadId ? { target: key.slice(0, at), threadId } : { target: key, threadId: null }
}

/** Whether something is written to a channel or to one of its threads. */
export const hasDraftIn = (target: string): boolean =>
  hasDraft(listKey(target)) || Object.keys(marks).some((key) => key.startsWith(`${target}/`))

/** After a logout: whoever sits here next is somebody else. */
export function clearDrafts(): void {
  clearTimeout(keepTimer)
  keepTimer = undefined
  unkept.clear()
  setDrafts(reconcile({}))
  setMarks(reconcile({}))
  setOffers(reconcile({}))
  for (const key of keptKeys(ownPrefix)) keep(key, null)
}
