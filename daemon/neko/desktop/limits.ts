/** Every limit of the desktop's server. Neko has none of them; they keep one client from taking the machine from the others. */

/** Bytes of a body of JSON. A clipboard may hold a long text. */
export const JSON_BYTES = 4 << 20
/** Bytes of a form with files. */
export const UPLOAD_BYTES = 512 << 20
/** Forms with files that are read at once. */
export const UPLOADS = 4
/** Files of a form. */
export const UPLOAD_FILES = 100
/** Bytes of a message of a client: the clipboard comes so, too. */
export const MESSAGE_BYTES = 4 << 20
/** Characters of one that is not about the clipboard: what goes to everybody must not be long. */
export const SHORT_MESSAGE = 128 << 10
/** Bytes that a client has not taken yet; then it is cut off. */
export const UNSENT_BYTES = 8 << 20
/** Messages of one client that wait for those before them. */
export const WAITING_MESSAGES = 1000
/** Their characters. */
export const WAITING_LENGTH = 16 << 20
/** WebSockets at once. */
export const SOCKETS = 128
/** Sessions that are remembered: each login makes one. The one that is away for longest goes for a new one. */
export const SESSIONS = 512
/** Requests of a batch. */
export const BATCH = 100
/** Characters of what is said in the chat. */
export const CHAT_LENGTH = 10_000
/** Cursors of one session between two reports of them. */
export const CURSORS = 64
/** Candidates of ICE that a client may tell. */
export const CANDIDATES = 128

/** Logins that fail and cost nothing, of one address, and the longest wait after one more. */
export const LOGIN = { free: 5, maxSeconds: 60, addresses: 4096 }

/** A session stays in the room for so long after its connection broke off. */
export const GRACE_MS = 5000
/** How often the host hears that the same session wants to steer, which may say so with each move of its mouse. */
export const REQUEST_MS = 1000
/** How often the cursors of those who do not steer are told. */
export const CURSORS_MS = 750
/** Age of the picture that `cast.jpg` gives to all who ask. */
export const CAST_MS = 100
