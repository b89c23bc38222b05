/** `bun run verify`: format, types, lint, imports, protobuf and migrations, and when they are in order all tests. */
import { runChecks } from './setup/checks'

const { passed, failed } = await runChecks()
console.log(`checks    ${passed} passed, ${failed} failed`)
if (failed) process.exit(1)
const { main } = await import('./run')
process.exit(await main(['--no-checks', ...process.argv.slice(2)]))
