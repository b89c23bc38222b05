import type { Host } from '@shared/cli/host'
import { daemonHome } from '@shared/home'
import { pathsOf } from '../config/paths'
import { LocalClient } from '../local/client'
import { readToken, socketAddress } from '../local/place'

/**
 * Asks the daemon of this home: with the key of the agent whose process this is, else with the token of this user.
 * @param work gets a connection that is closed after it
 * @param patienceMs longest wait for one answer (10 s)
 * @throws NekodeError unavailable `daemon_not_running`, or what the daemon answered
 */
export async function withDaemon<T>(
  { env }: Pick<Host, 'env'>,
  work: (client: LocalClient) => Promise<T>,
  patienceMs?: number,
): Promise<T> {
  const paths = pathsOf(daemonHome(env))
  const client = await LocalClient.open({
    address: env.NEKODE_LOCAL_SOCKET || socketAddress(paths),
    token: env.NEKODE_LOCAL_TOKEN || readToken(paths),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  })
  try {
    return await work(client)
  } finally {
    client.close()
  }
}
