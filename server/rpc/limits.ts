import { BODY_BYTES, STREAM } from '@shared/limits'

export { MAX_SKIP, MESSAGES_USUAL, PAGE, TEXT } from '@shared/limits'
export const MESSAGE_BYTES = BODY_BYTES.rpc
export const PING_MS = STREAM.pingMs
export const STREAM_TIMEOUT_SECONDS = STREAM.timeoutSeconds
