/** Larger files are not copied for the case that the page goes. */
const mostBytes = 64 << 20
const store = 'files'

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('the browser’s storage failed')))
  })

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open('nekode', 1)
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(store))
  return done(request)
}

async function within<T>(
  mode: IDBTransactionMode,
  work: (files: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  try {
    const database = await open()
    const result = await done(work(database.transaction(store, mode).objectStore(store)))
    database.close()
    return result
  } catch {
    // Storage may be forbidden or full: then the file lives as long as the page.
    return undefined
  }
}

/** Keeps the bytes of a file that a message waits for, until they have arrived. */
export async function keepFile(id: string, file: File | undefined): Promise<void> {
  if (file && file.size <= mostBytes) await within('readwrite', (files) => files.put(file, id))
}

export async function keptFile(id: string): Promise<File | undefined> {
  const file: unknown = await within('readonly', (files) => files.get(id))
  return file instanceof File ? file : undefined
}

export const looseFile = (id: string): Promise<unknown> => within('readwrite', (files) => files.delete(id))

/** After a logout. */
export const looseFiles = (): Promise<unknown> => within('readwrite', (files) => files.clear())
