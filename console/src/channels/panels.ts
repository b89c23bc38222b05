import type { Channel } from '@shared/contract'

/** What can be open beside a conversation instead of a thread. */
export const panelNames = ['pins', 'decisions', 'topics', 'debates'] as const
export type PanelName = (typeof panelNames)[number]

export const panelOf = (name: string | undefined): PanelName | undefined => panelNames.find((each) => each === name)

/** Those that a conversation has: two who talk to each other need no topics and hold no debates. */
export const panelsOf = ({ kind }: Pick<Channel, 'kind'>): readonly PanelName[] =>
  kind === 'channel' ? panelNames : panelNames.slice(0, 2)
