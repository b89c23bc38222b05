import type { Plan } from './plan'

/** Finds the next time of a plan after `after`, in Unix milliseconds; null when there is none. Never blocks for long. */
export type Next = (plan: Plan, after: number) => number | null

/** What it takes to find times of any plan. Its library is loaded when the first RRULE needs it. */
export async function clockFor(plans: readonly Pick<Plan, 'kind'>[]): Promise<Next> {
  const following = plans.some((plan) => plan.kind === 'rrule') ? (await import('./rrule')).loadRrule() : undefined
  const nextOf = await following
  return (plan, after) => {
    switch (plan.kind) {
      case 'at':
        return plan.anchorAt > after ? plan.anchorAt : null
      case 'every': {
        const step = Number(plan.rule) * 1000
        return plan.anchorAt + Math.max(1, Math.floor((after - plan.anchorAt) / step) + 1) * step
      }
      case 'cron':
        return Bun.cron.parse(plan.rule, after, { tz: plan.timezone })?.getTime() ?? null
      case 'rrule':
        if (!nextOf) throw new Error('asked for a kind of plan that was not announced')
        return nextOf(plan, after)
    }
  }
}
