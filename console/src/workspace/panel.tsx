import { createMemo, createSignal, For, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import type { Agent, WorkspaceEntry } from '@shared/contract'
import '../i18n/en/agentpage'
import { ApiError, call } from '../api/client'
import { act } from '../app/act'
import { createLoad } from '../app/load'
import { narrow } from '../app/screen'
import { t } from '../i18n'
import { state } from '../store/state'
import { Button, IconButton } from '../ui/button'
import { Card } from '../ui/card'
import { cx } from '../ui/cx'
import { Empty } from '../ui/empty'
import { Icon } from '../ui/icon'
import { ErrorNotice } from '../ui/notice'
import { SkeletonRows } from '../ui/skeleton'
import { FileView } from './file'
import { inOrder, step } from './tree'

interface Folder {
  entries: WorkspaceEntry[]
  cursor: string | undefined
  truncated: boolean
  open: boolean
}

const pageSize = 200

/** An agent's folder as it is on its computer now: a tree, and the file that was chosen. */
export default function WorkspacePanel(props: { agent: Agent }) {
  const [file, setFile] = createSignal<string>()
  const [folders, setFolders] = createStore<Record<string, Folder>>({})
  const fetchFolder = async (path: string, cursor?: string): Promise<void> => {
    const query = { ...(path ? { path } : {}), depth: 1, limit: pageSize, ...(cursor ? { cursor } : {}) }
    const page = await call('GET /api/agents/{id}/workspace/tree', { params: { id: props.agent.id }, query })
    const before = cursor ? (folders[path]?.entries ?? []) : []
    setFolders(path, {
      entries: inOrder([...before, ...page.items]),
      cursor: page.nextCursor,
      truncated: page.truncated,
      open: true,
    })
  }
  const root = createLoad(
    () => props.agent.id,
    () => fetchFolder('').then(() => true),
  )
  const toggle = async (path: string) => {
    const known = folders[path]
    if (known) setFolders(path, 'open', (open) => !open)
    else await act(() => fetchFolder(path))
  }
  return (
    <Show when={root.value() || root.error()} fallback={<SkeletonRows count={4} avatar={false} />}>
      <Show
        when={!root.error()}
        fallback={<Unreachable agent={props.agent} error={root.error()} again={root.reload} />}
      >
        <div class="grid md:grid-cols-[18rem_1fr] gap-4 items-start">
          <Show when={!narrow() || !file()}>
            <Card
              title={t('workspace.files')}
              actions={
                <IconButton
                  icon="i-lucide-refresh-cw"
                  label={t('workspace.refresh')}
                  onClick={() => void root.reload()}
                />
              }
            >
              <Show
                when={(folders['']?.entries.length ?? 0) > 0}
                fallback={
                  <Empty icon="i-lucide-folder-open" title={t('workspace.empty')} text={t('workspace.emptyText')} />
                }
              >
                <Tree
                  folders={folders}
                  chosen={file()}
                  onFolder={(path) => void toggle(path)}
                  onMore={(path, cursor) => void act(() => fetchFolder(path, cursor))}
                  onFile={setFile}
                />
              </Show>
            </Card>
          </Show>
          <Show
            when={file()}
            fallback={
              <Show when={!narrow()}>
                <p class="text-soft text-[13.5px] pt-6 text-center">{t('workspace.choose')}</p>
              </Show>
            }
          >
            {(path) => (
              <div class="min-w-0 col gap-2">
                <Show when={narrow()}>
                  <Button
                    size="sm"
                    kind="ghost"
                    icon="i-lucide-arrow-left"
                    class="self-start"
                    onClick={() => setFile(undefined)}
                  >
                    {t('workspace.back')}
                  </Button>
                </Show>
                <FileView agentId={props.agent.id} path={path()} />
              </div>
            )}
          </Show>
        </div>
      </Show>
    </Show>
  )
}

/** Why the files cannot be read now, and what to do. */
function Unreachable(props: { agent: Agent; error: unknown; again: () => Promise<void> }) {
  const offline = () => props.error instanceof ApiError && props.error.code === 'computer_offline'
  const computer = () => state.computers[props.agent.computerId]?.displayName ?? t('computer.gone')
  return (
    <div class="col items-center gap-3">
      <Show when={offline()} fallback={<ErrorNotice error={props.error} />}>
        <Empty
          icon="i-lucide-plug-zap"
          title={t('workspace.offline')}
          text={t('workspace.offlineText', { name: computer() })}
        />
      </Show>
      <Button icon="i-lucide-refresh-cw" onClick={() => void props.again()}>
        {t('workspace.refresh')}
      </Button>
    </div>
  )
}

interface TreeProps {
  folders: Record<string, Folder>
  chosen: string | undefined
  onFolder: (path: string) => void
  onMore: (path: string, cursor: string) => void
  onFile: (path: string) => void
}

type Row =
  | { kind: 'entry'; path: string; depth: number; entry: WorkspaceEntry }
  | { kind: 'more'; path: string; depth: number; cursor: string }
  | { kind: 'cut'; path: string; depth: number }

/** The rows of a folder and of the folders in it that are open. */
function rowsOf(folders: Record<string, Folder>, path: string, depth: number): Row[] {
  const folder = folders[path]
  if (!folder) return []
  const rows = folder.entries.flatMap((entry): Row[] => {
    const inside = entry.kind === 'folder' && folders[entry.path]?.open ? rowsOf(folders, entry.path, depth + 1) : []
    return [{ kind: 'entry', path: entry.path, depth, entry }, ...inside]
  })
  if (folder.cursor) return [...rows, { kind: 'more', path, depth, cursor: folder.cursor }]
  return folder.truncated ? [...rows, { kind: 'cut', path, depth }] : rows
}

function Tree(props: TreeProps) {
  const rows = createMemo(() => rowsOf(props.folders, '', 0))
  const paths = createMemo(() => rows().flatMap((row) => (row.kind === 'entry' ? [row.path] : [])))
  // By their names: a row that was there stays the same element, which keeps the focus.
  const byKey = createMemo(() => new Map(rows().map((row) => [`${row.kind} ${row.path}`, row])))
  const keys = createMemo(() => [...byKey().keys()])
  const [current, setCurrent] = createSignal<string>()
  const at = () => (paths().includes(current() ?? '') ? current() : paths()[0])
  let tree: HTMLUListElement | undefined
  const isOpen = (path: string) => props.folders[path]?.open === true
  const choose = ({ path, kind }: WorkspaceEntry) => {
    setCurrent(path)
    if (kind === 'folder') props.onFolder(path)
    else props.onFile(path)
  }
  const keydown = (event: KeyboardEvent) => {
    const row = rows().find((row) => row.kind === 'entry' && row.path === at())
    if (row?.kind !== 'entry') return
    const { path, entry } = row
    const to = step(paths(), path, event.key)
    if (to !== undefined) setCurrent(to)
    else if (event.key === 'ArrowRight' && entry.kind === 'folder' && !isOpen(path)) props.onFolder(path)
    else if (event.key === 'ArrowLeft' && isOpen(path)) props.onFolder(path)
    else if (event.key === 'ArrowLeft' && path.includes('/')) setCurrent(path.slice(0, path.lastIndexOf('/')))
    else if (event.key === 'Enter' || event.key === ' ') choose(entry)
    else return
    event.preventDefault()
    queueMicrotask(() => tree?.querySelector<HTMLElement>('[tabindex="0"]')?.focus())
  }
  return (
    <ul
      ref={(element) => (tree = element)}
      role="tree"
      aria-label={t('workspace.files')}
      onKeyDown={keydown}
      class="col max-h-[65vh] overflow-auto -mx-2"
    >
      <For each={keys()}>
        {(key) => {
          const row = () => byKey().get(key)
          return (
            <Show when={row()}>
              {(row) => (
                <TreeRow
                  row={row()}
                  open={isOpen(row().path)}
                  chosen={props.chosen === row().path}
                  current={at() === row().path}
                  onChoose={choose}
                  onMore={props.onMore}
                />
              )}
            </Show>
          )
        }}
      </For>
    </ul>
  )
}

interface TreeRowProps {
  row: Row
  open: boolean
  chosen: boolean
  /** The keyboard is here. */
  current: boolean
  onChoose: (entry: WorkspaceEntry) => void
  onMore: (path: string, cursor: string) => void
}

const TreeRow = (props: TreeRowProps) => (
  <Show when={props.row.kind === 'entry' && props.row.entry} fallback={<Rest row={props.row} onMore={props.onMore} />}>
    {(entry) => (
      <li
        role="treeitem"
        aria-level={props.row.depth + 1}
        aria-expanded={entry().kind === 'folder' ? props.open : undefined}
        aria-selected={props.chosen}
        tabindex={props.current ? 0 : -1}
        onClick={() => props.onChoose(entry())}
        style={{ 'padding-left': `${props.row.depth * 14 + 8}px` }}
        class={cx(
          'row gap-1.5 min-h-7 max-md:min-h-10 pr-2 rounded-md text-[13px] cursor-pointer hover:bg-hover -outline-offset-2 whitespace-nowrap',
          props.chosen && 'bg-accent-soft text-accent-text',
        )}
      >
        <Icon name={iconOf(entry(), props.open)} class="text-soft shrink-0" />
        <span class="truncate">{entry().name}</span>
        <Show when={entry().kind === 'link'}>
          <span class="text-[11px] text-faint">{t('workspace.link')}</span>
        </Show>
      </li>
    )}
  </Show>
)

const Rest = (props: { row: Row; onMore: (path: string, cursor: string) => void }) => (
  <li role="none" style={{ 'padding-left': `${props.row.depth * 14 + 8}px` }}>
    <Show
      when={props.row.kind === 'more' && props.row}
      fallback={<p class="text-[12px] text-faint py-1">{t('workspace.truncated')}</p>}
    >
      {(more) => (
        <Button size="sm" kind="ghost" onClick={() => props.onMore(more().path, more().cursor)}>
          {t('workspace.more')}
        </Button>
      )}
    </Show>
  </li>
)

function iconOf(entry: WorkspaceEntry, open: boolean): string {
  if (entry.kind === 'folder') return open ? 'i-lucide-folder-open' : 'i-lucide-folder'
  return entry.kind === 'link' ? 'i-lucide-file-symlink' : 'i-lucide-file'
}
