import { SQL } from 'bun'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../server/db/database'

/** A database with nothing in it, for one test or one file of tests. */
export interface Scratch {
  dsn: string
  drop(): Promise<void>
}

export interface Storage {
  name: Database['dialect']
  /** Whether this run has a server of this kind; `bun run test` starts them, a part of the tests alone may do without. */
  available: boolean
  scratch(): Promise<Scratch>
}

async function inServer(address: string, dsnOf: (name: string) => string, drop: string): Promise<Scratch> {
  const name = `t${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`
  const statement = async (text: string): Promise<void> => {
    const sql = new SQL(address, { max: 1 })
    await sql.unsafe(text)
    await sql.close()
  }
  await statement(`create database ${name}`)
  return { dsn: dsnOf(name), drop: () => statement(`${drop.replace('NAME', name)}`) }
}

const withName =
  (address: string) =>
  (name: string): string => {
    const url = new URL(address)
    url.pathname = `/${name}`
    return url.href
  }

const { NEKODE_TEST_POSTGRES: postgres, NEKODE_TEST_MYSQL: mysql } = process.env

/** The databases that every rule of the storage is tested on. */
export const storages: Storage[] = [
  {
    name: 'sqlite',
    available: true,
    scratch: async () => {
      const dir = mkdtempSync(join(tmpdir(), 'sqlite-'))
      return {
        dsn: `sqlite:${join(dir, 'nekode.db')}`,
        drop: async () => rmSync(dir, { recursive: true, force: true }),
      }
    },
  },
  {
    name: 'postgres',
    available: !!postgres,
    scratch: () => inServer(postgres ?? '', withName(postgres ?? ''), 'drop database NAME with (force)'),
  },
  {
    name: 'mysql',
    available: !!mysql,
    scratch: () => inServer(mysql ?? '', withName(mysql ?? ''), 'drop database NAME'),
  },
]
