import { RunAction } from '@shared/contract'
import { command } from './command'
import { oneOf } from './values'

export const action = command({
  name: 'run-action',
  description: 'Interrupt, kill, restart or retry a run',
  args: {
    id: { type: 'positional', required: true, description: 'The run: run_…' },
    action: {
      type: 'positional',
      required: true,
      description:
        'interrupt (the agent stops its turn), kill (its processes end), restart (end and start anew), retry',
    },
  },
  examples: [
    'nekode run-action run_0198c2f4a1b27c3e9d5f60718293a4b5 interrupt',
    'nekode run-action run_0198c2f4a1b27c3e9d5f60718293a4b5 retry --json',
  ],
  notes: ['JSON: the run. The request is accepted at once; “nekode runs show ID --follow” shows what comes of it.'],
  run: async ({ args, out, connect }) => {
    const wanted = oneOf('ACTION', args.action, RunAction.options)
    const { call } = await connect()
    const run = await call('POST /api/runs/{id}/actions', { params: { id: args.id }, body: { action: wanted } })
    out.show(run, () => `${wanted} was accepted: ${run.id} is ${run.state}.`)
  },
})
