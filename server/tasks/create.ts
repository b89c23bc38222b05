import type { Core } from '../core'
import type { MessageService } from '../messages/service'
import type { RunService } from '../runs/service'
import type { SearchService } from '../search/service'
import { TaskBook } from './book'
import { TaskClaims } from './claims'
import { TaskComments } from './comments'
import { type Reach, TaskDesk } from './desk'
import { TaskService } from './service'
import { TaskRuns } from './working'

/** Everything about tasks, as adapters use it. */
export interface Tasks {
  book: TaskBook
  desk: TaskDesk
  tasks: TaskService
  claims: TaskClaims
  comments: TaskComments
}

/** Builds the services of tasks and ties them to the runs that agents work on them with. */
export function createTasks(
  core: Core,
  { runs, ...reach }: Omit<Reach, 'runs'> & { runs: RunService },
  messages: MessageService,
  search: SearchService,
): Tasks {
  const book = new TaskBook(core, search)
  const desk = new TaskDesk(core, book, {
    ...reach,
    runs: {
      underWay: (tx, runId) => runs.underWay(tx, runId),
      openOf: (tx, agentId, channelId, deliveryId) => runs.openOf(tx, agentId, channelId, deliveryId),
      stop: async (tx, run, message, actor) => void (await runs.cancel(tx, run, { reason: 'killed', message }, actor)),
    },
  })
  const claims = new TaskClaims(core, book, desk)
  const working = new TaskRuns(core, book, claims)
  runs.whenStarted((tx, run) => working.started(tx, run))
  runs.whenOver((tx, run) => working.over(tx, run))
  return {
    book,
    desk,
    tasks: new TaskService(core, book, desk, claims),
    claims,
    comments: new TaskComments(core, book, desk, messages),
  }
}
