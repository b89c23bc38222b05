import { addTexts } from '../texts'

export const palette = {
  'palette.back': 'Back to all',
  'palette.choose': 'Choose…',
  'palette.move': 'move',
  'palette.do': 'choose',
  'palette.further': 'what else',
  'palette.searchAll': 'Search everything for “{text}”',
  'palette.group.here': 'Here',
  'palette.group.recent': 'Recent',
  'palette.group.create': 'New',
  'palette.group.page': 'Pages',
  'palette.group.conversation': 'Conversations',
  'palette.group.agent': 'Agents',
  'palette.group.person': 'People',
  'palette.group.computer': 'Computers',
  'palette.group.preference': 'Actions',
  'palette.group.message': 'Messages, tasks and files',
  'palette.toggleTheme': 'Switch between light and dark',
  'palette.current': 'as it is now',
  'palette.readAll': 'Mark everything as read',
  'palette.readAllDone': 'Everything is read.',
  'palette.agentPage': 'Open its page',
  'palette.agentMessage': 'Write to it',
  'palette.agentStop': 'Stop it',
  'palette.searchHere': 'Search in {name}',
  'palette.leave': 'Leave {name}',
} as const

addTexts(palette)
