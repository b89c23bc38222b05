import { addTexts } from '../texts'

export const composer = {
  'composer.add': 'Add to the channel',
  'composer.added': '{name} is in the channel now.',
  'composer.channel': 'Message #{name}',
  'composer.dm': 'Message {name}',
  'composer.thread': 'Reply…',
  'composer.mentions': 'People and agents',
  'composer.notMember': '{name} is not in this private channel and will not see the message.',
  'composer.outside': 'not in the channel',
  'composer.send': 'Send message',
  'composer.tooLong': '{n} character too long||{n} characters too long',
  'composer.viewer': 'You may read here, but not write.',
  'file.list': 'Files',
  'file.open': 'Show {name}',
  'file.download': 'Download {name}',
  'file.more': 'Show more',
  'file.less': 'Show less',
  'file.truncated': 'This is the beginning. Download the file to read the rest.',
  'file.viewer': 'Picture',
  'file.position': '{at} of {of}',
  'file.zoomIn': 'Zoom in',
  'file.zoomOut': 'Zoom out',
  'file.previous': 'Previous picture',
  'file.next': 'Next picture',
} as const

addTexts(composer)
