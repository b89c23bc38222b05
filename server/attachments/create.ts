import { join } from 'node:path'
import type { StorageConfig } from '../blobs/config'
import { DiskBlobs } from '../blobs/disk'
import { Intake } from '../blobs/intake'
import { S3Blobs } from '../blobs/s3'
import { type BlobOptions, Blobs } from '../blobs/service'
import type { Core } from '../core'
import type { SearchService } from '../search/service'
import { Room } from './room'
import { AttachmentSource } from './searching'
import { AttachmentService } from './service'
import { AttachmentStore, UploadStore } from './store'
import { Thumbnails } from './thumbnails'
import { UploadService } from './uploads'

/** Everything about files. */
export interface Files {
  attachments: AttachmentService
  uploads: UploadService
  blobs: Blobs
  /** Removes what is over, unused or unfinished for long enough. */
  sweep(): Promise<void>
}

export interface FilesOptions extends BlobOptions {
  /** Absolute. */
  dataDir: string
  storage: StorageConfig
  /** Where the server is reached, without a slash at its end. */
  baseUrl?: string | undefined
}

export function createFiles(core: Core, search: SearchService, options: FilesOptions): Files {
  const { dataDir, storage, baseUrl, now = Date.now } = options
  const blobs = new Blobs(core, storage.s3 ? new S3Blobs(storage.s3) : new DiskBlobs(join(dataDir, 'blobs')), options)
  const intake = new Intake(join(dataDir, 'uploads'))
  const store = new AttachmentStore(core.db)
  const pending = new UploadStore(core.db)
  const room = new Room(blobs, pending, storage.quotas)
  const thumbnails = new Thumbnails(core, blobs, store)
  const attachments = new AttachmentService(core, { blobs, intake, room, store, search, thumbnails, baseUrl, now })
  const uploads = new UploadService(core, { intake, room, store: pending, attachments, now })
  search.addSource(new AttachmentSource(core.db))
  return {
    attachments,
    uploads,
    blobs,
    sweep: async () => {
      await attachments.sweep()
      await uploads.sweep()
      await blobs.collect()
    },
  }
}
