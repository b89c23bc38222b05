import type { Desk } from './desk'

/** Figures for Prometheus, under the names that a Neko server has for them. */
export function metrics(desk: Desk, sockets: number): string {
  const viewers = desk.viewers.list()
  const of = (id: string) => `{session_id="${id.replaceAll(/["\\\n]/g, '_')}"}`
  const { users, admins } = desk.sessions.counts()
  const each = (value: (viewer: (typeof viewers)[number][1]) => number): [string, number][] =>
    viewers.map(([session, viewer]) => [of(session.id), value(viewer)])
  const one = (value: number): [string, number][] => [['', value]]
  return [
    block('neko_webrtc_connection_count', 'gauge', 'Viewers', one(viewers.length)),
    block('neko_webrtc_connection_state', 'gauge', 'Whether a viewer is connected', each(connected)),
    block(
      'neko_webrtc_bytes_sent',
      'counter',
      'Bytes of pictures and sound',
      each((viewer) => viewer.bytesSent),
    ),
    block(
      'neko_webrtc_transport_layer_nacks',
      'counter',
      'Packets that a viewer missed',
      each((viewer) => viewer.nacks),
    ),
    block('neko_sessions_users', 'gauge', 'Users who are connected', one(users)),
    block('neko_sessions_admins', 'gauge', 'Admins who are connected', one(admins)),
    block('neko_websocket_connections', 'gauge', 'WebSockets', one(sockets)),
  ].join('')
}

const connected = (viewer: { state: string }): number => (viewer.state === 'connected' ? 1 : 0)

function block(name: string, type: 'gauge' | 'counter', help: string, values: [string, number][]): string {
  const lines = values.map(([labels, value]) => `${name}${labels} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}
