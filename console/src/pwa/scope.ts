/** What of a service worker's surroundings ours uses; the compiler knows those of pages. */
export interface Waiting {
  waitUntil(work: Promise<unknown>): void
}
export interface Fetching extends Waiting {
  readonly request: Request
  respondWith(response: Promise<Response>): void
}
export interface Pushed extends Waiting {
  readonly data: { text(): string } | null
}
export interface Clicked extends Waiting {
  readonly notification: Notification
}
export interface PageClient {
  readonly focused: boolean
  readonly visibilityState: 'visible' | 'hidden'
  focus(): Promise<unknown>
  postMessage(message: unknown): void
}

interface Events {
  install: Waiting
  activate: Waiting
  fetch: Fetching
  push: Pushed
  notificationclick: Clicked
}

export interface WorkerScope {
  addEventListener<K extends keyof Events>(type: K, listener: (event: Events[K]) => void): void
  skipWaiting(): Promise<void>
  readonly clients: {
    claim(): Promise<void>
    matchAll(options: { type: 'window'; includeUncontrolled: true }): Promise<readonly PageClient[]>
    openWindow(url: string): Promise<unknown>
  }
  readonly registration: { showNotification(title: string, options: NotificationOptions): Promise<void> }
}
