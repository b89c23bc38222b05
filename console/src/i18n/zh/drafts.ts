import type { drafts as en } from '../en/drafts'

export const drafts: Record<keyof typeof en, string> = {
  'draft.text': '您已写下但尚未发送的内容，在您的所有设备上同步。',
  'draft.empty': '没有草稿',
  'draft.emptyText': '您开始撰写但未发送的内容会保留在这里。',
  'draft.inThread': '{name} 的话题中',
  'draft.discard': '删除草稿',
  'draft.discarded': '草稿已删除。',
}
