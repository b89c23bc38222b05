import type { Artifact, ArtifactKind } from '@shared/contract'
import { type AttachmentRow, attachmentView } from '../attachments/view'

/** How it is shown. HTML and SVG are no files to be shown in place anywhere else: only where they have nothing of the console. */
export function kindOf({ media, mimeType, encoding }: AttachmentRow): ArtifactKind {
  // Only of texts is the encoding known: what calls itself HTML and is none stays a file.
  if (encoding !== null && mimeType === 'text/html') return 'page'
  return encoding !== null && mimeType === 'image/svg+xml' ? 'image' : media
}

/** Path that leads a browser to where an artifact is shown. */
export const openPath = (id: string): string => `/api/artifacts/${id}/open`

export function artifactView(row: AttachmentRow): Artifact {
  const { messageId: _, ...file } = attachmentView(row)
  return {
    ...file,
    kind: kindOf(row),
    threadId: row.threadId,
    runId: row.runId,
    // Every artifact has one from the start.
    expiresAt: row.expiresAt ?? row.createdAt,
    openUrl: openPath(row.id),
  }
}
