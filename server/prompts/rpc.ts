import { NekodeError } from '@shared/errors'
import type { Core } from '../core'
import { computerOf, mustBeSelf } from '../rpc/caller'
import type { Handlers } from '../rpc/handlers'
import { seconds } from '../rpc/wire'
import { runtimeProfileId } from '../runs/wire'
import { type PromptService, TEMPLATE_VERSION } from './service'

export function promptRpc(core: Core, prompts: PromptService): Handlers<'getLaunchPromptSnapshot'> {
  return {
    async getLaunchPromptSnapshot(req, context) {
      const p = computerOf(context)
      mustBeSelf(p, req.computerId)
      const { prompt, run } = await prompts.snapshot(p, req.runId)
      if (req.agentId && req.agentId !== run.agentId)
        throw new NekodeError('forbidden', 'This run belongs to another agent.', { code: 'foreign_agent' })
      return {
        snapshot: {
          snapshotId: prompt.id,
          agentId: run.agentId,
          computerId: run.computerId,
          runId: run.id,
          runtimeProfileId: runtimeProfileId(run.agentId),
          target: run.target,
          threadId: run.threadId ?? '',
          messageId: run.inputMessageId ?? '',
          templateVersion: TEMPLATE_VERSION,
          content: prompt.content,
          contentHash: prompt.contentHash,
          sections: prompt.sections,
          createdTimeUnix: seconds(prompt.createdAt),
          redactionSummary: redactionOf(prompt.sections),
          sourceVersion: `${core.serverId}:${TEMPLATE_VERSION}`,
        },
      }
    },
  }
}

function redactionOf(sections: { name: string; redacted: boolean }[]): string {
  const names = sections.filter((s) => s.redacted).map((s) => s.name)
  return names.length ? `Values were left out of ${names.join(', ')}.` : ''
}
