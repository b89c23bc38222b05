import { z } from 'zod'

/** Why a delivery or a run did not succeed. The list is closed: a new reason needs a sentence and a next step. */
export const FailureReason = z.enum([
  'runtime_missing',
  'runtime_login_required',
  'quota_exhausted',
  'rate_limited',
  'context_overflow',
  'permission_denied',
  'model_unavailable',
  'model_refused',
  'turn_limit',
  'session_lost',
  'killed',
  'crashed',
  'timeout',
  'output_limit',
  'resource_limit',
  'sandbox_unavailable',
  'desktop_unavailable',
  'invalid_output',
  'workspace_unavailable',
  'secret_unavailable',
  'lease_expired',
  'computer_offline',
  'computer_removed',
  'agent_disabled',
  'agent_removed',
  'guard_hops',
  'guard_turns',
  'guard_cost',
  'internal',
])
export type FailureReason = z.infer<typeof FailureReason>

/** A sentence and a next step for each reason, in English; the console has its own translations. */
export const failures: Record<FailureReason, { sentence: string; next: string; retryable: boolean }> = {
  runtime_missing: {
    sentence: 'The coding agent’s program is not installed on the computer.',
    next: 'Open the computer’s page and install it, then retry.',
    retryable: true,
  },
  runtime_login_required: {
    sentence: 'The coding agent is not logged in.',
    next: 'Log in on that computer with the command shown on its page, then retry.',
    retryable: true,
  },
  quota_exhausted: {
    sentence: 'The account behind the agent has used up its quota.',
    next: 'Wait until the quota resets, or give the agent another model or account, then retry.',
    retryable: true,
  },
  rate_limited: {
    sentence: 'The model’s provider is limiting requests.',
    next: 'Wait a minute, then retry.',
    retryable: true,
  },
  context_overflow: {
    sentence: 'The conversation no longer fits into the model’s context.',
    next: 'Restart the agent with a fresh session, or ask a shorter question, then retry.',
    retryable: true,
  },
  permission_denied: {
    sentence: 'A permission that the agent needed was denied.',
    next: 'Retry and allow it, or change the agent’s approval policy.',
    retryable: true,
  },
  model_unavailable: {
    sentence: 'The model could not be reached, or the provider does not know it.',
    next: 'Check the agent’s model and endpoint, then retry.',
    retryable: true,
  },
  model_refused: {
    sentence: 'The model refused to answer.',
    next: 'Rephrase the request.',
    retryable: false,
  },
  turn_limit: {
    sentence: 'The agent reached its limit of steps for one turn.',
    next: 'Ask it to continue, or raise the limit.',
    retryable: true,
  },
  session_lost: {
    sentence: 'The agent’s earlier session could not be opened again.',
    next: 'Retry: a new session starts with the channel’s recent history.',
    retryable: true,
  },
  killed: {
    sentence: 'The run was stopped by a person.',
    next: 'Retry when you want it to run again.',
    retryable: true,
  },
  crashed: {
    sentence: 'The agent’s program ended unexpectedly.',
    next: 'Look at the last lines of its output in the run, then retry.',
    retryable: true,
  },
  timeout: {
    sentence: 'The agent gave no sign of life for too long.',
    next: 'Look at the run’s last step, then retry.',
    retryable: true,
  },
  output_limit: {
    sentence: 'The agent produced more output than a run may hold.',
    next: 'Ask for less output, for example a file instead of a message.',
    retryable: true,
  },
  resource_limit: {
    sentence: 'The agent took more of its computer than its limits allow.',
    next: 'Raise the limit on the agent’s page, or ask for less at a time, then retry.',
    retryable: true,
  },
  sandbox_unavailable: {
    sentence: 'The agent has to run in a sandbox, and its computer cannot make one.',
    next: 'Do on that computer what the run says, or turn the sandbox off on the agent’s page, then retry.',
    retryable: true,
  },
  desktop_unavailable: {
    sentence: 'The desktop that the agent works on could not be used.',
    next: 'Check that its Neko server runs and lets the agent steer, and the agent’s NEKO_URL, NEKO_USER and NEKO_PASS, then retry.',
    retryable: true,
  },
  invalid_output: {
    sentence: 'The agent’s program did not speak its protocol.',
    next: 'Update the program on that computer, then retry.',
    retryable: true,
  },
  workspace_unavailable: {
    sentence: 'The agent’s workspace folder cannot be used.',
    next: 'Check that the folder exists on that computer and can be written, then retry.',
    retryable: true,
  },
  secret_unavailable: {
    sentence: 'A secret that the agent’s environment refers to could not be had on its computer.',
    next: 'Store it on that computer with “nekode-daemon secrets set”, then retry.',
    retryable: true,
  },
  lease_expired: {
    sentence: 'The computer stopped reporting while the run was under way.',
    next: 'Check that the computer is online, then retry.',
    retryable: true,
  },
  computer_offline: {
    sentence: 'The agent’s computer is offline.',
    next: 'Start the daemon on it; the request is kept and starts by itself.',
    retryable: true,
  },
  computer_removed: {
    sentence: 'The agent’s computer was removed.',
    next: 'Give the agent another computer, then retry.',
    retryable: true,
  },
  agent_disabled: { sentence: 'The agent is turned off.', next: 'Turn it on, then retry.', retryable: true },
  agent_removed: { sentence: 'The agent was deleted.', next: 'Ask another agent.', retryable: false },
  guard_hops: {
    sentence: 'Agents have been answering each other without a person.',
    next: 'Press “continue” or write a message to let them go on.',
    retryable: true,
  },
  guard_turns: {
    sentence: 'The agent reached its limit of turns an hour.',
    next: 'Press “continue”, wait, or raise the limit.',
    retryable: true,
  },
  guard_cost: {
    sentence: 'The agent reached its cost limit for today.',
    next: 'Press “continue”, wait until tomorrow, or raise the limit.',
    retryable: true,
  },
  internal: {
    sentence: 'Nekode itself failed.',
    next: 'Retry; if it happens again, report the run’s id with the server’s log.',
    retryable: true,
  },
}

export const Failure = z.object({
  reason: FailureReason,
  /** What exactly happened, from the place that knows. */
  message: z.string(),
  /** When a quota or limit resets. */
  resetsAt: z.number().int().optional(),
})
export type Failure = z.infer<typeof Failure>
