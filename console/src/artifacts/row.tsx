import { A } from '@solidjs/router'
import { Show } from 'solid-js'
import type { Artifact } from '@shared/contract'
import { call } from '../api/client'
import { act } from '../app/act'
import { agentPath, conversationPath, runPath } from '../app/paths'
import { channelTitle } from '../app/unread'
import { downloadPath, shownName, sizeText } from '../attachments/file'
import { t } from '../i18n'
import '../i18n/en/artifacts'
import { relative, shortDate } from '../i18n/dates'
import { state } from '../store/state'
import { Badge } from '../ui/badge'
import { confirm } from '../ui/confirm'
import { copyText } from '../ui/copy'
import { cx } from '../ui/cx'
import { Icon } from '../ui/icon'
import { Menu, type MenuItem } from '../ui/menu'
import { toast } from '../ui/toast'
import { mayRevoke } from './rules'
import { artifacts } from './store'

const icons: Record<Artifact['kind'], string> = {
  page: 'i-lucide-panels-top-left',
  image: 'i-lucide-image',
  audio: 'i-lucide-music',
  video: 'i-lucide-film',
  text: 'i-lucide-file-text',
  file: 'i-lucide-file',
}

/** One artifact with what the reader can do with it. `framed`: it stands alone, such as in a conversation. */
export function ArtifactRow(props: { artifact: Artifact; framed?: boolean }) {
  return (
    <article
      aria-label={shownName(props.artifact.title)}
      class={cx(
        'row flex-wrap sm:flex-nowrap items-start gap-x-3 gap-y-2',
        props.framed ? 'rounded-xl border border-line bg-surface p-3 w-full max-w-160' : 'py-3',
      )}
    >
      <span class="size-8 rounded-lg row justify-center shrink-0 bg-accent-soft text-accent-text">
        <Icon name={icons[props.artifact.kind]} />
      </span>
      <div class="flex-1 min-w-[calc(100%-2.75rem)] sm:min-w-0 col gap-0.5">
        <p class="row flex-wrap gap-2">
          <bdi class="font-600 break-words min-w-0">{props.artifact.title}</bdi>
          <Badge>{t(`artifact.kind.${props.artifact.kind}`)}</Badge>
        </p>
        <About artifact={props.artifact} there={props.framed ?? false} />
        <p class="text-[12.5px] text-faint tabular-nums">
          <time title={shortDate(props.artifact.createdAt)}>{relative(props.artifact.createdAt)}</time>
          {' · '}
          <span title={shortDate(props.artifact.expiresAt)}>
            {t('artifact.left', { when: relative(props.artifact.expiresAt) })}
          </span>
        </p>
      </div>
      <Actions artifact={props.artifact} />
    </article>
  )
}

/** `there`: it stands in its channel, which then need not be named. */
function About(props: { artifact: Artifact; there: boolean }) {
  const channel = () => (props.artifact.target ? state.channels[props.artifact.target] : undefined)
  return (
    <p class="row flex-wrap gap-x-2 gap-y-0.5 text-[13px] text-soft">
      <bdi class="min-w-0 break-all">{shownName(props.artifact.filename, 40)}</bdi>
      <span class="tabular-nums">{sizeText(props.artifact.sizeBytes)}</span>
      <Show
        when={props.artifact.owner.kind === 'agent'}
        fallback={<span>{t('artifact.by', { name: props.artifact.owner.displayName })}</span>}
      >
        <A href={agentPath(props.artifact.owner.id)} class="hover:underline rounded">
          {t('artifact.by', { name: props.artifact.owner.displayName })}
        </A>
      </Show>
      <Show when={!props.there && channel()}>
        {(channel) => (
          <A
            href={conversationPath(channel().target, { thread: props.artifact.threadId })}
            class="row gap-1 hover:underline rounded"
          >
            <Icon name={channel().kind === 'dm' ? 'i-lucide-message-circle' : 'i-lucide-hash'} />
            {channelTitle(channel())}
          </A>
        )}
      </Show>
    </p>
  )
}

function Actions(props: { artifact: Artifact }) {
  const name = () => shownName(props.artifact.title)
  const copy = async () =>
    (await copyText(location.origin + props.artifact.openUrl))
      ? toast('ok', t('message.linkCopied'))
      : toast('bad', t('common.copyFailed'))
  const revoke = async () => {
    const sure = await confirm({
      title: t('artifact.revokeTitle', { name: name() }),
      body: t('artifact.revokeText'),
      action: t('artifact.revoke'),
      danger: true,
    })
    if (!sure) return
    const { id } = props.artifact
    await act(
      async () => {
        await call('POST /api/artifacts/{id}/revoke', { params: { id } })
        artifacts.remove(id)
      },
      t('artifact.revoked', { name: name() }),
    )
  }
  const items = (): MenuItem[] => [
    { label: t('artifact.copy'), icon: 'i-lucide-link', onSelect: () => void copy() },
    {
      label: t('artifact.download'),
      icon: 'i-lucide-download',
      onSelect: () => location.assign(downloadPath(props.artifact.id)),
    },
    ...(mayRevoke(props.artifact)
      ? [{ label: t('artifact.revoke'), icon: 'i-lucide-undo-2', danger: true, onSelect: () => void revoke() }]
      : []),
  ]
  return (
    <div class="row gap-1.5 shrink-0 max-sm:ml-11 max-sm:[&_button]:h-10 max-sm:[&_a]:h-10">
      <a
        href={props.artifact.openUrl}
        target="_blank"
        rel="noopener"
        aria-label={t('artifact.openNew', { name: name() })}
        class="row gap-1.5 h-7 [@media(pointer:coarse)]:h-10 px-2.5 rounded-lg border border-edge bg-surface text-[13px] font-550 whitespace-nowrap hover:bg-sunken"
      >
        <Icon name="i-lucide-external-link" />
        {t('artifact.open')}
      </a>
      <Show when={props.artifact.runId}>
        {(id) => (
          <A
            href={runPath(id())}
            aria-label={t('artifact.run')}
            title={t('artifact.run')}
            class="inline-flex size-8 max-sm:size-10 items-center justify-center rounded-lg text-soft hover:text-ink hover:bg-hover"
          >
            <Icon name="i-lucide-activity" />
          </A>
        )}
      </Show>
      <Menu label={t('artifact.menu', { name: name() })} items={items()} />
    </div>
  )
}
