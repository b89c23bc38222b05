import type { push as english } from '../en/push'

export const push: Record<keyof typeof english, string> = {
  'push.mention': '{by} 在 {place} 中提到了你',
  'push.message': '{by} 在 {place} 发了消息',
  'push.dm': '{by} 给你发了私信',
  'push.approval': '{by} 在 {place} 中等待你的批准',
  'push.task': '{by} 在 {place} 中给你分配了任务',
  'push.review': '{by} 在 {place} 中请你评审',
  'push.test': '此浏览器可以收到通知。',
  'push.testText': '通知看起来就是这样。',
  'push.open': '打开 Nekode 查看。',
}
