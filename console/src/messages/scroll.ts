import { createEffect, createSignal, on, type Accessor } from 'solid-js'
import type { VirtualizerHandle } from 'virtua/solid'
import { act } from '../app/act'
import { loadNewer, loadOlder } from '../store/lists'
import { listKey, state } from '../store/state'

interface ScrollOptions {
  target: string
  threadId: string | null
  /** A message to show in the middle instead of the end. */
  around?: string | undefined
}

/** How near to the end counts as the end, and how near to either end more is loaded; in pixels. */
const near = 60
const ahead = 600

/**
 * Where a list of messages is scrolled to: at its end it stays there while messages and answers grow; elsewhere it stays where
 * the reader is. Comes near an end that is not all, and more is loaded.
 */
export function createScroll(options: ScrollOptions, rows: Accessor<string[]>) {
  const list = () => state.lists[listKey(options.target, options.threadId)]
  const [handle, setHandle] = createSignal<VirtualizerHandle>()
  const [atEnd, setAtEnd] = createSignal(!options.around)
  /** The first row in view, once the reader has scrolled. */
  const [top, setTop] = createSignal<string>()
  let scroller: HTMLElement | undefined
  let settled = false
  /** Where the reader was last. */
  let offset = 0

  const toEnd = () => {
    handle()?.scrollToIndex(rows().length - 1, { align: 'end' })
    if (scroller) scroller.scrollTop = scroller.scrollHeight
  }
  const toMessage = (id: string | undefined): boolean => {
    const at = id ? rows().indexOf(id) : -1
    if (at >= 0) handle()?.scrollToIndex(at, { align: 'center' })
    return at >= 0
  }
  const measure = () => {
    const view = handle()
    if (!view || !settled) return
    setTop(rows()[view.findItemIndex(view.scrollOffset)])
    const reached = view.scrollOffset + view.viewportSize >= view.scrollSize - near && !list()?.newer
    // What grows below the reader, such as a card that is loaded late, has not moved them: only who scrolls up leaves the end.
    const grown = !reached && atEnd() && view.scrollOffset >= offset && !list()?.newer
    offset = view.scrollOffset
    if (grown) requestAnimationFrame(toEnd)
    else setAtEnd(reached)
    const { target, threadId } = options
    if (list()?.older && view.scrollOffset < ahead) void act(() => loadOlder(target, threadId))
    if (list()?.newer && view.scrollOffset + view.viewportSize > view.scrollSize - ahead) {
      void act(() => loadNewer(target, threadId))
    }
  }
  // Once the first page is here: the end, or the message that was asked for. Twice, because rows are measured in between.
  createEffect(() => {
    if (list()?.status !== 'ready' || !handle() || settled) return
    requestAnimationFrame(() => {
      const found = toMessage(options.around)
      if (!found) toEnd()
      requestAnimationFrame(() => {
        settled = true
        if (!found) toEnd()
        measure()
      })
    })
  })
  createEffect(on(() => options.around, toMessage, { defer: true }))
  // Whether the end on screen is the end of all is known only once nothing newer is left to load.
  createEffect(on(() => list()?.newer, measure, { defer: true }))
  createEffect(
    on(
      () => rows().length,
      () => {
        const sending = rows().at(-1)?.startsWith('pending:')
        if ((settled && atEnd()) || sending) requestAnimationFrame(toEnd)
      },
    ),
  )
  return {
    atEnd,
    top,
    toMessage,
    /** Scrolls just so far that a row is in view. */
    show: (at: number) => handle()?.scrollToIndex(at, { align: 'nearest' }),
    /** Whether a row lies above what is in view, or before what is loaded. */
    isAbove: (id: string | undefined) => {
      const first = top()
      return first !== undefined && (!id || rows().indexOf(id) < rows().indexOf(first))
    },
    measure,
    toEnd,
    setHandle,
    setScroller: (element: HTMLElement) => void (scroller = element),
    /** A row has grown: an answer that streams in. */
    resized: () => settled && atEnd() && toEnd(),
    /** The reader asks for the end, before what is there is known. */
    claimEnd: () => setAtEnd(true),
  }
}
