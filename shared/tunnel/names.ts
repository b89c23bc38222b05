/*
 * The words of ProxyExchange that its messages have in their fields. Apart from the messages themselves, which take a while to load.
 */

/** In `tunnel_id`: opens the stream, says what an end can do, and is its sign of life after that. */
export const ATTACH = '__attach__'
/** In `tunnel_id`: the other end may send `status_code` more bytes of the request `request_id`. */
export const WINDOW = '__window__'
/** In `tunnel_id`: the request is for the daemon itself, about the files of an agent. */
export const WORKSPACE = '__workspace__'
/** In `tunnel_id`: the request is for the daemon itself, about the screen that an agent works on. */
export const SCREEN = '__screen__'

/** Which port a request is for; deployed daemons go by it. */
export const PORT_HEADER = 'X-Nekode-Tunnel-Port'
/** With an attach frame: the bytes that each request may send before it is told to go on. */
export const WINDOW_HEADER = 'X-Nekode-Tunnel-Window'
/** With an attach frame: what the daemon serves besides ports, such as `workspace`. */
export const FEATURES_HEADER = 'X-Nekode-Tunnel-Features'
/** With the answer of a request that the daemon refused itself: the code of the refusal. */
export const REFUSED_HEADER = 'X-Nekode-Tunnel-Refused'

/** Largest piece of a body in one frame. Small enough that a request waits less than a millisecond for the others' turns. */
export const FRAME_BYTES = 64 * 1024
/** The limit of deployed daemons. */
export const LEGACY_FRAME_BYTES = 32 * 1024
/** What a request may have on its way: 100 MB/s at a round trip of 5 ms. */
export const WINDOW_BYTES = 512 * 1024
/** Header fields of one request or answer, names and values together. */
export const MAX_HEADER_BYTES = 64 * 1024
/** How often an end says that it is there, and how long it believes in a silent one. */
export const ALIVE_MS = 15_000
export const SILENCE_MS = 45_000

/** The path of the RPC, and of the WebSocket that carries the same frames where there is only HTTP/1.1 on the way. */
export const EXCHANGE_PATH = '/nekode.daemon.v1.DaemonControlService/ProxyExchange'

export type Fields = [name: string, value: string][]
