/** What an agent is to the bare server: a program that gets a line on its standard input and notes when, as `clock-agent.ts` does. */
import { appendFileSync } from 'node:fs'

const [, , file = ''] = process.argv
for await (const line of console) {
  const now = performance.timeOrigin + performance.now()
  appendFileSync(file, `${/~(\d+)~/.exec(line)?.[1] ?? ''} ${now}\n`)
}
