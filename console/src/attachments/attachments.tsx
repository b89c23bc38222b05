import { createMemo, createSignal, For, Match, Show, Switch, type ParentProps } from 'solid-js'
import type { AttachmentBrief, Message } from '@shared/contract'
import { act } from '../app/act'
import { t } from '../i18n'
import { boxOf, contentPath, shownName, thumbnailPath } from './file'
import { FileLine } from './fileline'
import { TextFile } from './textfile'

type Files = Pick<Message, 'attachments'>

/** The files of a message: pictures, players, beginnings of texts, and a card for everything else. */
export function Attachments(props: { message: Files }) {
  // By id: an edit of the message brings the same files as new objects, and a player would begin anew.
  const byId = createMemo(() => new Map(props.message.attachments.map((file) => [file.id, file])))
  const pictures = () => [...byId().values()].filter(({ media }) => media === 'image')
  const images = createMemo(() => pictures().map(({ id }) => id))
  const others = createMemo(() => [...byId().values()].filter(({ media }) => media !== 'image').map(({ id }) => id))
  return (
    <Show when={byId().size > 0}>
      <ul class="col gap-1.5 mt-1.5 mb-1" aria-label={t('file.list')}>
        <Show when={images().length > 0}>
          <li class="row flex-wrap items-start gap-1.5">
            <For each={images()}>
              {(id, index) => (
                <Show when={byId().get(id)}>
                  {(file) => (
                    <Picture
                      file={file()}
                      several={images().length > 1}
                      onOpen={() => void openLightbox(pictures(), index())}
                    />
                  )}
                </Show>
              )}
            </For>
          </li>
        </Show>
        <For each={others()}>
          {(id) => (
            <li>
              <Show when={byId().get(id)}>{(file) => <OtherFile file={file()} />}</Show>
            </li>
          )}
        </For>
      </ul>
    </Show>
  )
}

/** The large view is loaded when somebody opens it. */
const openLightbox = (files: AttachmentBrief[], at: number) =>
  act(async () => (await import('./lightbox')).openLightbox(files, at))

function Picture(props: { file: AttachmentBrief; several: boolean; onOpen: () => void }) {
  const [broken, setBroken] = createSignal(false)
  const box = () => boxOf(props.file, props.several)
  const name = () => shownName(props.file.filename)
  return (
    <Show when={!broken()} fallback={<FileCard file={props.file} />}>
      <button
        type="button"
        aria-label={t('file.open', { name: name() })}
        title={name()}
        onClick={() => props.onOpen()}
        class="block max-w-full rounded-xl overflow-hidden border border-line bg-sunken cursor-zoom-in hover:border-edge"
        style={{ width: `${box().width}px`, 'aspect-ratio': `${box().width} / ${box().height}` }}
      >
        <img
          src={thumbnailPath(props.file.id)}
          alt=""
          loading="lazy"
          decoding="async"
          draggable={false}
          onError={() => setBroken(true)}
          class="block size-full object-cover"
        />
      </button>
    </Show>
  )
}

const OtherFile = (props: { file: AttachmentBrief }) => (
  <Switch fallback={<FileCard file={props.file} />}>
    <Match when={props.file.media === 'text'}>
      <TextFile file={props.file} />
    </Match>
    <Match when={props.file.media === 'audio'}>
      <Player file={props.file}>
        <audio controls preload="none" src={contentPath(props.file.id)} class="w-full h-10" />
      </Player>
    </Match>
    <Match when={props.file.media === 'video'}>
      <Player file={props.file}>
        <video
          controls
          playsinline
          preload="metadata"
          src={contentPath(props.file.id)}
          class="w-full aspect-video rounded-lg bg-sunken"
        />
      </Player>
    </Match>
  </Switch>
)

const Player = (props: ParentProps<{ file: AttachmentBrief }>) => (
  <figure class="col gap-1.5 w-105 max-w-full" aria-label={shownName(props.file.filename)}>
    {props.children}
    <figcaption>
      <FileLine file={props.file} />
    </figcaption>
  </figure>
)

/** A file that is not shown in place: what it is, how large, and a way to get it. */
export const FileCard = (props: { file: AttachmentBrief }) => (
  <div class="rounded-xl border border-line bg-surface px-3 py-2 w-90 max-w-full">
    <FileLine file={props.file} large />
  </div>
)
