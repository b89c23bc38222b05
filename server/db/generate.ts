/** `bun run migrations`: writes the SQL for what changed in tables.ts, for the three databases. */
import { copyFileSync, readdirSync } from 'node:fs'
import { $ } from 'bun'

for (const dialect of ['sqlite', 'postgres', 'mysql'])
  await $`drizzle-kit generate --config server/db/drizzle.${dialect}.ts ${process.argv.slice(2)}`

// Handles, tokens and idempotency keys are compared byte by byte on SQLite and PostgreSQL; MySQL does so with a binary collation only.
const dir = 'server/db/migrations/mysql'
for (const name of readdirSync(dir).filter((f) => f.endsWith('.sql'))) {
  const text = await Bun.file(`${dir}/${name}`).text()
  await Bun.write(`${dir}/${name}`, text.replace(/\n\);/g, '\n) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;'))
}

// What drizzle-kit has no words for, such as full-text indexes.
for (const dialect of ['sqlite', 'postgres', 'mysql'])
  copyFileSync(`server/db/native/${dialect}.sql`, `server/db/migrations/${dialect}/0000_native.sql`)
