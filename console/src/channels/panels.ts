/** What can be open beside a conversation instead of a thread. */
export const panelNames = ['pins', 'decisions', 'topics', 'debates'] as const
export type PanelName = (typeof panelNames)[number]

export const panelOf = (name: string | undefined): PanelName | undefined => panelNames.find((each) => each === name)
