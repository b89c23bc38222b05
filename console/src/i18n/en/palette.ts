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
  'command.toggleTheme': 'Switch between light and dark',
  'command.current': 'as it is now',
  'command.readAll': 'Mark everything as read',
  'command.readAllDone': 'Everything is read.',
  'command.agentPage': 'Open its page',
  'command.agentMessage': 'Write to it',
  'command.agentStop': 'Stop it',
  'command.searchHere': 'Search in {name}',
  'command.leave': 'Leave {name}',
} as const

addTexts(palette)
