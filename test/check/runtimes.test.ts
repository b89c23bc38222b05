import { expect, test } from 'bun:test'
import { RUNTIMES } from '../../daemon/runtimes/catalog'
import { PRESETS } from '../../server/runtimes/presets'

test('the server’s presets and the daemon’s catalogue name the same runtimes in the same way', () => {
  const daemon = RUNTIMES.map((r) => ({
    kind: r.kind,
    displayName: r.label,
    provider: r.provider,
    command: r.commands[0] ?? '',
    aliases: [...(r.aliases ?? [])],
    defaultArgs: [...r.args],
    pathEnv: r.pathEnv ?? '',
    install: r.install?.join(' ') ?? '',
    recommended: r.recommended,
  }))
  const server = PRESETS.map((p) => ({
    kind: p.kind,
    displayName: p.displayName,
    provider: p.provider,
    command: p.command,
    aliases: [...p.aliases],
    defaultArgs: [...p.defaultArgs],
    pathEnv: p.envVarNames[0] ?? '',
    install: p.installHint.find((hint) => hint.startsWith('npm ')) ?? '',
    recommended: p.recommended,
  }))
  expect(server).toEqual(daemon)
})
