import { NekodeError } from '@shared/errors'

/** An agent of this computer. */
export interface LocalAgent {
  id: string
  name: string
}

/** @throws NekodeError not_found `agent_unknown` */
export const noAgent = (text: string): NekodeError =>
  new NekodeError('not_found', `There is no agent “${text.slice(0, 100)}” on this computer.`, {
    code: 'agent_unknown',
    next: 'See which agents there are and where: nekode agents. A daemon that has not reached its server yet knows none.',
  })
