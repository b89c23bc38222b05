import type { Actor } from '@shared/contract'
import { cut } from '../rpc/text'

type Language = 'en' | 'zh'

/** UTF-16 code units that a summary repeats of what an agent said last. */
const LAST_WORDS = 600

interface About {
  topic: string
  agents: readonly Actor[]
  turns: number
}

const names = (agents: readonly Actor[], and: string): string => agents.map((a) => `@${a.name}`).join(and)

export const opening = ({ topic, agents, turns }: About, language: Language): string =>
  language === 'zh'
    ? `**辩论：** ${topic}\n\n${names(agents, ' 与 ')} 轮流发言，共 ${turns} 轮。`
    : `**Debate:** ${topic}\n\n${names(agents, ' and ')} take turns, ${turns} in all.`

/** What an agent is asked with in its turn. */
export function turnText({ topic, agents, turns }: About, turn: number, language: Language): string {
  const [who, other] = turn % 2 === 1 ? agents : agents.toReversed()
  const isLast = turn > turns - 2
  const said = `${turn}/${turns}`
  if (language === 'zh') {
    const task = turn === 1 ? '请先表明立场。' : `请回应 @${other?.name} 刚才所说。`
    return `第 ${said} 轮：@${who?.name}，题目是“${topic}”。${task}${isLast ? '这是你的最后一轮，请总结。' : ''}`
  }
  const task = turn === 1 ? 'Open the debate: say where you stand.' : `Answer what @${other?.name} said last.`
  return `Turn ${said}: @${who?.name}, on “${topic}”. ${task}${isLast ? ' It is your last turn: conclude.' : ''}`
}

const ENDS = {
  en: {
    completed: (turns: number) => `The debate is over after ${turns} turns.`,
    stopped: (turns: number) => `The debate was stopped after ${turns} turns.`,
    failed: (turns: number) => `The debate ended after ${turns} turns, because one was not answered.`,
    last: (name: string) => `**@${name}** said last:`,
  },
  zh: {
    completed: (turns: number) => `辩论在 ${turns} 轮后结束。`,
    stopped: (turns: number) => `辩论在 ${turns} 轮后被停止。`,
    failed: (turns: number) => `辩论在 ${turns} 轮后结束：有一轮没有得到回答。`,
    last: (name: string) => `**@${name}** 最后说：`,
  },
} as const

/** How it ended, and the last words of both. */
export function summary(
  end: { state: 'completed' | 'stopped' | 'failed'; turns: number; reason: string },
  last: readonly { name: string; text: string }[],
  language: Language,
): string {
  const words = ENDS[language]
  const head = [words[end.state](end.turns), end.reason].filter(Boolean).join(' ')
  // Quoted, so that nobody whom they mention is called again.
  const quotes = last.map(({ name, text }) => {
    const shown = text.length > LAST_WORDS ? `${cut(text, LAST_WORDS)} …` : text
    return `${words.last(name)}\n\n${shown.replace(/^/gm, '> ')}`
  })
  return [head, ...quotes].join('\n\n')
}
