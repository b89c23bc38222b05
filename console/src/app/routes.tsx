import { Navigate, Route, Router } from '@solidjs/router'
import { Match, Show, Switch } from 'solid-js'
import { lazy } from './lazy'
import { ticket } from '../join/ticket'
import { state } from '../store/state'
import { Failed, Loading } from './entrance'
import { NotFound } from './notfound'
import { lastTarget, conversationPath } from './paths'
import { narrow } from './screen'
import { Shell } from './shell'
import { Chats } from './chats'

const Login = lazy(() => import('../auth/login'))
const Join = lazy(() => import('../join/join'))
const Setup = lazy(() => import('../setup/setup'))
const Conversation = lazy(() => import('../channels/page'))
const RunPage = lazy(() => import('../runs/page'))
const ArchivePage = lazy(() => import('../runs/archive'))
const RunsPage = lazy(() => import('../runs/activity'))
const ApprovalsPage = lazy(() => import('../approvals/page'))
const AgentsPage = lazy(() => import('../agents/page'))
const AgentPage = lazy(() => import('../agents/agent'))
const ComputersPage = lazy(() => import('../computers/page'))
const ComputerPage = lazy(() => import('../computers/computer'))
const EnrollPage = lazy(() => import('../enroll/wizard'))
const InboxPage = lazy(() => import('../inbox/page'))
const SearchPage = lazy(() => import('../search/page'))
const RemindersPage = lazy(() => import('../reminders/page'))
const SavedPage = lazy(() => import('../saved/page'))
const MorePage = lazy(() => import('./more'))
const TaskPage = lazy(() => import('../tasks/detail').then((m) => ({ default: m.TaskPage })))
const TasksPage = lazy(() => import('../tasks/page'))
const ArtifactsPage = lazy(() => import('../artifacts/page'))
const TunnelsPage = lazy(() => import('../tunnels/page'))
const DraftsPage = lazy(() => import('../composer/draftspage'))
const SettingsPage = lazy(() => import('../settings/page'))

/** On a phone the list of conversations; elsewhere that list is always beside, so the last conversation. */
function Home() {
  const target = () => {
    const last = lastTarget()
    if (last && state.channels[last]) return last
    return state.channels['#general']
      ? '#general'
      : Object.values(state.channels).find((channel) => channel.joined)?.target
  }
  return (
    <Show when={!narrow() && target()} fallback={<Chats />}>
      {(target) => <Navigate href={conversationPath(target())} />}
    </Show>
  )
}

/** The page: who may not see the console yet gets the way in, everybody else the screen of the address. */
export const App = () => (
  <Switch fallback={<Loading />}>
    <Match when={state.phase === 'failed'}>
      <Failed />
    </Match>
    <Match when={state.phase === 'setup'}>
      <Setup />
    </Match>
    <Match when={ticket() !== undefined && state.phase !== 'starting'}>
      <Join code={ticket() ?? ''} />
    </Match>
    <Match when={state.phase === 'guest'}>
      <Login />
    </Match>
    <Match when={state.phase === 'ready'}>
      <Router root={Shell}>
        <Route path="/" component={Home} />
        <Route path="/:kind/:name" component={Conversation} matchFilters={{ kind: ['c', 'd'] }} />
        <Route path="/runs" component={RunsPage} />
        <Route path="/runs/:id" component={RunPage} />
        <Route path="/archive/:id" component={ArchivePage} />
        <Route path="/approvals" component={ApprovalsPage} />
        <Route path="/agents" component={AgentsPage} />
        <Route path="/agents/:id" component={AgentPage} />
        <Route path="/computers" component={ComputersPage} />
        <Route path="/computers/new" component={EnrollPage} />
        <Route path="/computers/:id" component={ComputerPage} />
        <Route path="/inbox/:id?" component={InboxPage} />
        <Route path="/drafts" component={DraftsPage} />
        <Route path="/search" component={SearchPage} />
        <Route path="/reminders" component={RemindersPage} />
        <Route path="/saved" component={SavedPage} />
        <Route path="/more" component={MorePage} />
        <Route path="/tasks" component={TasksPage} />
        <Route path="/tasks/:id" component={TaskPage} />
        <Route path="/tunnels" component={TunnelsPage} />
        <Route path="/artifacts" component={ArtifactsPage} />
        <Route path="/settings/:section?" component={SettingsPage} />
        <Route path="*" component={NotFound} />
      </Router>
    </Match>
  </Switch>
)
