import type { browser as english } from '../en/browser'

export const browser: Record<keyof typeof english, string> = {
  'browser.text': '即使没有打开 Nekode，也能获知与您有关的事情。仅对此浏览器有效，直到您退出登录。',
  'browser.on': '此浏览器的通知',
  'browser.unsupported': '此浏览器无法在这里接收通知。',
  'browser.unsupportedNext': '通知需要 https:// 地址；在 iPhone 或 iPad 上，需要先将 Nekode 添加到主屏幕。',
  'browser.denied': '此页面的通知已被阻止。',
  'browser.deniedNext': '请在地址栏旁的页面设置中允许通知。',
  'browser.failed': '无法为此浏览器开启通知。',
  'browser.failedNext': '浏览器的推送服务可能已关闭或无法连接，请重试。',
  'browser.mentions': '提到我的消息',
  'browser.dms': '私信',
  'browser.approvals': '等待批准的智能体',
  'browser.tasks': '分配给我的任务和评审',
  'browser.private': '显示私密内容',
  'browser.privateHint': '否则，私有频道和私信的通知只会显示是谁写的。',
  'browser.quiet': '免打扰时间',
  'browser.quietHint': '按此浏览器的时间，在这段时间内不会收到通知。',
  'browser.from': '开始',
  'browser.to': '结束',
  'browser.test': '发送测试通知',
  'browser.tested': '已发送。',
}
