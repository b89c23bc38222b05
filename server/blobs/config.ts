import { NekodeError } from '@shared/errors'
import { readFileSync } from 'node:fs'
import type { Given } from '../config/settings'
import type { S3Config } from './s3'

/** What may be stored, in bytes; 0 is as much as there is room for. */
export interface Quotas {
  fileBytes: number
  userBytes: number
  serverBytes: number
}

export interface StorageConfig {
  /** Undefined: on disk, in the data folder. */
  s3: S3Config | undefined
  quotas: Quotas
}

const MIB = 1 << 20
export const DEFAULT_QUOTAS: Quotas = { fileBytes: 256 * MIB, userBytes: 10_240 * MIB, serverBytes: 0 }

/** What the settings say about where files are kept, and how many. Throws `config_invalid`. */
export function storageConfig(given: Given): StorageConfig {
  return {
    s3: s3Config(given),
    quotas: {
      fileBytes: given.maxFileSize ?? DEFAULT_QUOTAS.fileBytes,
      userBytes: given.userQuota ?? DEFAULT_QUOTAS.userBytes,
      serverBytes: given.storageQuota ?? DEFAULT_QUOTAS.serverBytes,
    },
  }
}

function s3Config(given: Given): S3Config | undefined {
  const { s3Bucket, s3Endpoint, s3AccessKeyId, s3SecretAccessKey, s3SecretAccessKeyFile } = given
  if ((given.blobStore ?? (s3Bucket === undefined ? 'disk' : 's3')) === 'disk') return undefined
  if (s3Bucket === undefined || s3AccessKeyId === undefined)
    throw invalid('To keep files in S3, NEKODE_S3_BUCKET and NEKODE_S3_ACCESS_KEY_ID have to be set.')
  if ((s3SecretAccessKey === undefined) === (s3SecretAccessKeyFile === undefined))
    throw invalid('Set one of NEKODE_S3_SECRET_ACCESS_KEY and NEKODE_S3_SECRET_ACCESS_KEY_FILE.')
  const prefix = (given.s3Prefix ?? '').replace(/^\/+|\/+$/g, '')
  return {
    endpoint: s3Endpoint,
    bucket: s3Bucket,
    region: given.s3Region ?? 'us-east-1',
    prefix: prefix === '' ? '' : `${prefix}/`,
    accessKeyId: s3AccessKeyId,
    secretAccessKey: s3SecretAccessKey ?? secretIn(s3SecretAccessKeyFile ?? ''),
    virtualHosted: given.s3VirtualHosted ?? false,
  }
}

function secretIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw invalid(`The file ${path} of NEKODE_S3_SECRET_ACCESS_KEY_FILE cannot be read.`, cause)
  }
}

const invalid = (message: string, cause?: unknown): NekodeError =>
  new NekodeError('invalid', message, { code: 'config_invalid', next: 'See docs/configuration.md.', cause })
