import type { Actor, Language } from '@shared/contract'
import { NOTICE_ID } from '@shared/contract/notice'
import { SYSTEM } from '../access/principal'

/** The server, noting what calls for nobody's attention: it is unread for nobody. */
export const NOTICE: Actor = { ...SYSTEM, id: NOTICE_ID }

/** What a system message is about. Readers have words of their own for it; its text is for everybody else. */
export interface SystemFact {
  type: string
  data: Record<string, unknown>
}

/** `{name}` stands for a field of the data. */
type Words = Record<string, string>

const EN: Words = {
  'channel.member_joined': '@{name} joined.',
  'channel.member_added': '@{by} added @{name}.',
  'channel.member_left': '@{name} left.',
  'channel.member_removed': '@{by} removed @{name}.',
  'channel.renamed': '@{by} renamed the channel to “{name}”.',
  'channel.topic': '@{by} set the topic to “{topic}”.',
  'channel.topic_cleared': '@{by} cleared the topic.',
  'channel.made_private': '@{by} made the channel private.',
  'channel.made_public': '@{by} made the channel public.',
  'channel.archived': '@{by} archived the channel.',
}

const ZH: Words = {
  'channel.member_joined': '@{name} 加入了频道。',
  'channel.member_added': '@{by} 将 @{name} 加入了频道。',
  'channel.member_left': '@{name} 离开了频道。',
  'channel.member_removed': '@{by} 将 @{name} 移出了频道。',
  'channel.renamed': '@{by} 将频道改名为“{name}”。',
  'channel.topic': '@{by} 将频道主题设为“{topic}”。',
  'channel.topic_cleared': '@{by} 清空了频道主题。',
  'channel.made_private': '@{by} 将频道设为私有。',
  'channel.made_public': '@{by} 将频道设为公开。',
  'channel.archived': '@{by} 归档了频道。',
  'agent.not_member': '@{agentName} 不是此频道的成员，看不到这条消息。请先将其加入频道，然后再次提及。',
  'guard.tripped guard_hops': '智能体之间已连续互相回答而没有人参与，@{agentName} 已被暂停。请按“继续”让它继续。',
  'guard.tripped guard_turns': '@{agentName} 已达到每小时的回合上限。请按“继续”让它继续。',
  'guard.tripped guard_cost': '@{agentName} 已达到今天的费用上限。请按“继续”让它继续。',
  'task.thread': '任务 #{number}：{summary}',
  'tunnel.requested': '@{by} 请求在此展示端口 {localPort} 的预览，需要有写入权限的人批准。',
  'tunnel.opened': '@{by} 打开了端口 {localPort} 的预览 {url}',
  'tunnel.rejected': '@{by} 拒绝了端口 {localPort} 的预览。',
  'artifact.published': '@{by} 发布了“{title}”（{filename}，{artifactId}）{url}',
  'decision.proposed': '提出了决策“{title}”。',
  'decision.ratified': '决策“{title}”已通过。{reason}',
  'decision.rejected': '决策“{title}”被否决。{reason}',
  'decision.withdrawn': '决策“{title}”已撤回。{reason}',
  'decision.retired': '决策“{title}”已失效。{reason}',
  'decision.superseded': '决策“{title}”已被取代。{reason}',
  'handoff.accepted': '@{by}：已接受角色 {role} 的交接。{note}',
  'handoff.proposed': '@{by}：提出了角色 {role} 的交接。{note}',
}

/** A system message's text in a channel's language; nothing where only its writer has the words. */
export function systemText(language: Language, { type, data }: SystemFact): string | undefined {
  const words = language === 'zh' ? ZH : EN
  const text = words[type] ?? words[`${type} ${String(data.reason)}`]
  return text?.replace(/\{(\w+)\}/g, (_, name: string) => shown(data[name])).trimEnd()
}

const shown = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')
