import type { saved as en } from '../en/saved'

export const saved: Record<keyof typeof en, string> = {
  'saved.words': '按词语筛选',
  'saved.where': '对话',
  'saved.everywhere': '全部对话',
  'saved.open': '打开',
  'saved.remove': '取消收藏',
  'saved.removed': '已取消收藏。',
  'saved.none': '还没有收藏',
  'saved.noneText': '在消息菜单中收藏消息，即可在任何设备上从这里找到。',
  'saved.noneSo': '没有符合条件的收藏',
  'saved.noneSoText': '请减少词语，或查看全部对话。',
}
