import { addTexts } from '../texts'

export const push = {
  'push.mention': '{by} mentioned you in {place}',
  'push.message': '{by} wrote in {place}',
  'push.dm': '{by} wrote to you',
  'push.approval': '{by} waits for your permission in {place}',
  'push.task': '{by} gave you a task in {place}',
  'push.review': '{by} asks for your review in {place}',
  'push.test': 'This browser gets notifications.',
  'push.testText': 'This is what they look like.',
  'push.open': 'Open Nekode to read it.',
} as const

addTexts(push)
