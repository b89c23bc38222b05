import { createLoad } from '../app/load'
import { endpoints, notificationRoutes } from '../endpoints/store'
import { loadEndpoints, loadRoutes } from '../endpoints/load'
import { ErrorNotice } from '../ui/notice'
import { Deliveries } from './deliveries'
import { Resolve } from './resolve'
import { Routes } from './routes'

/** What goes out to endpoints: along which routes, and what became of it. */
export default function NotificationsPage() {
  const loaded = createLoad(
    () => ({ endpoints: endpoints.era(), routes: notificationRoutes.era() }),
    async () => {
      await Promise.all([loadEndpoints(), loadRoutes()])
      return true
    },
  )
  return (
    <>
      <ErrorNotice error={loaded.error()} />
      <Routes ready={loaded.value() ?? false} />
      <Resolve />
      <Deliveries />
    </>
  )
}
