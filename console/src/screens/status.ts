import type { ScreenNews } from '@shared/contract/screens'
import '../i18n/en/screens'
import { t } from '../i18n'
import type { Tone } from '../ui/badge'
import type { ScreenConnection } from './connection'

export interface Situation {
  tone: Tone
  word: string
}

/** Why there is no live picture, and what to do about it. */
export interface Obstacle {
  title: string
  text: string
  /** What a button offers. */
  offer?: 'again' | 'reload' | 'agent'
}

type Shown = Pick<ScreenConnection, 'state' | 'access' | 'away' | 'link' | 'ended' | 'steers'>

/** What the reader is told instead of a live picture; undefined while there is one, or the first is on its way. */
export function obstacle(screen: Shown, isOver: boolean): Obstacle | undefined {
  if (isOver) return { title: t('screen.runOver'), text: t('screen.runOverText'), offer: 'agent' }
  const [ended, away, state] = [screen.ended(), screen.away(), screen.state()]
  if (ended === 'login') return { title: t('screen.login'), text: t('screen.loginText'), offer: 'reload' }
  if (ended === 'hidden') return { title: t('screen.refused'), text: t('screen.refusedText'), offer: 'again' }
  if (ended === 'full') return { title: t('screen.crowded'), text: t('screen.crowdedText'), offer: 'again' }
  if (ended === 'outdated') return { title: t('screen.outdated'), text: t('screen.outdatedText'), offer: 'reload' }
  if (screen.link() === 'lost') return { title: t('screen.lost'), text: t('screen.lostText'), offer: 'again' }
  if (away) return { title: t(`screen.${away}`), text: t(`screen.${away}Text`) }
  if (state?.phase === 'none') {
    const why = state.reason === '' ? '' : `${t('screen.wasEnded', { reason: state.reason })} `
    return { title: t('screen.none'), text: why + t('screen.noneText') }
  }
  if (state && !state.connected) return { title: t('screen.desktopAway'), text: t('screen.desktopAwayText') }
  return undefined
}

/** How it stands in a word. */
export function situation(screen: Shown, isOver: boolean): Situation {
  const state = screen.state()
  if (isOver || screen.ended()) return { tone: 'plain', word: t('screen.over') }
  if (screen.link() === 'lost') return { tone: 'warn', word: t('screen.reconnecting') }
  if (obstacle(screen, isOver)) return { tone: 'warn', word: t('screen.offline') }
  if (!state) return { tone: 'plain', word: t('screen.connecting') }
  if (screen.steers()) return { tone: 'accent', word: t('screen.yours') }
  if (state.task === 'paused') return { tone: 'warn', word: t('screen.paused') }
  return { tone: 'ok', word: t('screen.live') }
}

/** Who steers, in a sentence. */
export function whoSteers(screen: Shown): string {
  const state = screen.state()
  if (!state || state.phase === 'none') return ''
  const { steering } = state
  switch (steering.by) {
    case 'agent':
      return t(state.task === 'idle' ? 'screen.byNobody' : 'screen.byAgent')
    case 'nobody':
      return t('screen.byNobody')
    case 'other':
      return t('screen.byOther')
    case 'person': {
      const { name, you, elsewhere, phase } = steering
      if (phase === 'away') return elsewhere ? t('screen.youAway') : t('screen.personAway', { name })
      if (phase === 'taking') return you ? t('screen.taking') : t('screen.takingOther', { name })
      if (you) return t('screen.byYou')
      return elsewhere ? t('screen.byYouElsewhere') : t('screen.byPerson', { name })
    }
  }
}

/** Why the reader cannot take over now; undefined when they can. */
export function cannotTakeOver(screen: Shown): string | undefined {
  const state = screen.state()
  if (screen.access()?.takeOver === false) return t('screen.mayWatch')
  if (state?.steering.by === 'person' && !state.steering.you && !state.steering.elsewhere)
    return t('screen.askPerson', { name: state.steering.name })
  return undefined
}

export interface Remark {
  tone: 'bad' | 'info'
  text: string
  next?: string
}

const REFUSALS = {
  not_allowed: 'screen.mayWatch',
  somebody_steers: 'screen.somebodySteers',
  no_session: 'screen.none',
} as const

/** What is said once; undefined for what the reader did themselves. */
export function remark(news: Extract<ScreenNews, { type: 'refused' | 'handed_back' }>): Remark | undefined {
  if (news.type === 'refused') {
    if (news.code === 'too_fast') return { tone: 'bad', text: t('screen.tooFast') }
    if (news.code === 'not_typed') return { tone: 'bad', text: t('screen.notTyped'), next: news.message }
    // What the remote desktop says is in its own words.
    const next = news.code === 'desktop_refused' ? news.message : t(REFUSALS[news.code])
    return { tone: 'bad', text: t('screen.notTaken'), next }
  }
  const wentOn = (tone: Remark['tone'], next: string): Remark => ({ tone, text: t('screen.wentOn'), next })
  switch (news.why) {
    case 'asked':
      return undefined
    case 'gone':
      return wentOn('info', t('screen.gone'))
    case 'idle':
      return wentOn('info', t('screen.idle'))
    case 'lost':
      return wentOn('bad', t('screen.lostRights'))
    case 'taken':
      return wentOn('info', t('screen.taken'))
    case 'elsewhere':
      return { tone: 'info', text: t('screen.movedOn') }
    case 'ended':
      return { tone: 'info', text: t('screen.sessionEnded') }
  }
}
