import { addTexts } from '../texts'

export const browser = {
  'browser.text':
    'Hear of what concerns you while Nekode is not in front of you. Kept for this browser, until you log out.',
  'browser.on': 'Notifications of this browser',
  'browser.unsupported': 'This browser cannot get notifications here.',
  'browser.unsupportedNext': 'They need an https:// address, and on an iPhone or iPad Nekode on the home screen.',
  'browser.denied': 'Notifications of this page are blocked.',
  'browser.deniedNext': 'Allow them in the browser’s settings for this page, beside the address.',
  'browser.failed': 'The browser could not be reached for notifications.',
  'browser.failedNext': 'Its push service may be turned off or out of reach. Try again.',
  'browser.mentions': 'Mentions of me',
  'browser.messages': 'Every message of conversations set to “Everything”',
  'browser.dms': 'Direct messages',
  'browser.approvals': 'Agents that wait for a permission',
  'browser.tasks': 'Tasks given to me, and reviews',
  'browser.private': 'Show what is said in private',
  'browser.privateHint': 'Otherwise notifications about private channels and direct messages only say who wrote.',
  'browser.quiet': 'Quiet hours',
  'browser.quietHint': 'Nothing comes in this time, by the clock of this browser.',
  'browser.from': 'From',
  'browser.to': 'To',
  'browser.test': 'Send a test',
  'browser.tested': 'It is on its way.',
} as const

addTexts(browser)
