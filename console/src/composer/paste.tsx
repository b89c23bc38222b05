import { createSignal, Show } from 'solid-js'
import { filesOf } from '../attachments/drop'
import { t } from '../i18n'
import { Button } from '../ui/button'
import { applyEdit, selectedIn } from './edit'
import { Line } from './notices'

/** From here on a text reads better as a file. */
const longText = 3000
const manyLines = 40

interface PasteOptions {
  area: () => HTMLTextAreaElement | undefined
  addFiles: (files: File[]) => void
}

/** What is pasted: files are attached, an address over selected words becomes a link, and a long text may become a file. */
export function createPaste({ area, addFiles }: PasteOptions) {
  const [pasted, setPasted] = createSignal<string>()
  const paste = (event: ClipboardEvent) => {
    const data = event.clipboardData
    const text = (data?.getData('text/plain') ?? '').replace(/\r\n?/g, '\n')
    const files = filesOf(data)
    // Office programs add a picture of the text that was copied: the text is meant.
    if (files.length > 0 && !text.trim()) {
      event.preventDefault()
      addFiles(files)
      return
    }
    const field = area()
    if (field && field.selectionStart < field.selectionEnd && /^https?:\/\/\S+$/i.test(text.trim())) {
      event.preventDefault()
      const { text: before, start, end } = selectedIn(field)
      const link = `[${before.slice(start, end)}](${text.trim()})`
      const at = start + link.length
      applyEdit(field, { text: before.slice(0, start) + link + before.slice(end), start: at, end: at })
      return
    }
    const isLong = text.length > longText || text.split('\n', manyLines + 1).length > manyLines
    setPasted(isLong ? text : undefined)
  }
  const toFile = () => {
    const field = area()
    const text = pasted()
    setPasted(undefined)
    if (!field || !text) return
    const at = field.value.indexOf(text)
    // Changed since: then it is what the writer wants to say.
    if (at < 0) return
    applyEdit(field, { text: field.value.slice(0, at) + field.value.slice(at + text.length), start: at, end: at })
    addFiles([new File([text], fileName(text), { type: 'text/plain' })])
  }
  return { paste, pasted, toFile, dismiss: () => setPasted(undefined) }
}

/** A name whose ending lets it be coloured where that is plain. */
function fileName(text: string): string {
  const start = text.trimStart()
  if (/^[[{]/.test(start)) {
    try {
      JSON.parse(text)
      return 'pasted.json'
    } catch {
      // Begins like it and is none.
    }
  }
  if (/^(diff --git|--- a\/|@@ )/.test(start)) return 'pasted.diff'
  return 'pasted.txt'
}

export const PastedLine = (props: { paste: ReturnType<typeof createPaste> }) => (
  <Show when={props.paste.pasted()}>
    <Line
      icon="i-lucide-clipboard-paste"
      actions={
        <>
          <Button size="sm" onClick={props.paste.toFile}>
            {t('composer.pastedAsFile')}
          </Button>
          <Button size="sm" kind="ghost" onClick={props.paste.dismiss}>
            {t('composer.pastedKeep')}
          </Button>
        </>
      }
    >
      {t('composer.pasted')}
    </Line>
  </Show>
)
