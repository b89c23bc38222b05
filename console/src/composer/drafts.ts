import { createStore, reconcile } from 'solid-js/store'

const prefix = 'nekode.draft.'
const [drafts, setDrafts] = createStore<Record<string, string>>({})

/** The text that is being written to a conversation; also after a reload, and when the field is gone for a while. */
export function draftOf(key: string): string {
  const known = drafts[key]
  if (known !== undefined) return known
  try {
    return localStorage.getItem(prefix + key) ?? ''
  } catch {
    // Storage may be forbidden: the draft then lives as long as the page.
    return ''
  }
}

export function setDraft(key: string, text: string): void {
  setDrafts(key, text)
  try {
    if (text.trim()) localStorage.setItem(prefix + key, text)
    else localStorage.removeItem(prefix + key)
  } catch {
    // See above.
  }
}

/** After a logout: whoever sits here next is somebody else. */
export function clearDrafts(): void {
  setDrafts(reconcile({}))
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key)
  } catch {
    // See above.
  }
}
