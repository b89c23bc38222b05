import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import {
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  ScalarType,
} from '@bufbuild/protobuf'
import { nestedTypes } from '@bufbuild/protobuf/reflect'
import wire from '../test/fixtures/wire.json'

/*
 * test/fixtures/wire.json is the protocol as deployed daemons speak it, written in proto notation. The generated code is
 * rendered into the same notation and compared, so that a diff names the line that would break them.
 */

const isFile = (value: unknown): value is DescFile =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'file'

async function generatedFiles(): Promise<DescFile[]> {
  const files: DescFile[] = []
  for await (const path of new Bun.Glob('gen/**/*_pb.ts').scan(import.meta.dir)) {
    const exports: Record<string, unknown> = await import(`./${path}`)
    files.push(...Object.values(exports).filter(isFile))
  }
  return files
}

const files = await generatedFiles()
const services = files.flatMap((file) => file.services)
const types = files.flatMap((file) => Array.from(nestedTypes(file)))
const messages = types.filter((type) => type.kind === 'message')
const enums = types.filter((type) => type.kind === 'enum')

/** A type's name without the package, the nesting kept: `SearchAgentRunsResponse.Hit`. */
const shortName = (type: { typeName: string }) => type.typeName.replace(`${wire.package}.`, '')

const scalarName = (scalar: ScalarType) => ScalarType[scalar].toLowerCase()

function singular(field: DescField): string {
  const type = field.message ?? field.enum
  if (type) return shortName(type)
  if (field.scalar === undefined) throw new Error(`${field.parent.typeName}.${field.name} has no type`)
  return scalarName(field.scalar)
}

function renderField(field: DescField): string {
  const declared = `${field.name} = ${field.number}`
  if (field.fieldKind === 'map') return `map<${scalarName(field.mapKey)}, ${singular(field)}> ${declared}`
  if (field.fieldKind === 'list') return `repeated ${singular(field)} ${declared}`
  if (field.oneof) return `oneof ${field.oneof.name} ${singular(field)} ${declared}`
  return `${field.proto.proto3Optional ? 'optional ' : ''}${singular(field)} ${declared}`
}

function renderMessage(message: DescMessage): string[] {
  const ranges = message.proto.reservedRange
    .map(({ start, end }) => ({ first: start, last: end - 1 }))
    .sort((a, b) => a.first - b.first)
  return [
    ...message.fields.toSorted((a, b) => a.number - b.number).map(renderField),
    ...ranges.map(({ first, last }) => (first === last ? `reserved ${first}` : `reserved ${first} to ${last}`)),
    ...message.proto.reservedName.toSorted().map((name) => `reserved "${name}"`),
  ]
}

const renderEnum = (type: DescEnum) => type.values.map((value) => `${value.name} = ${value.number}`)

function renderMethod(method: DescMethod): string {
  const streamsIn = method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming'
  const streamsOut = method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming'
  const input = `${streamsIn ? 'stream ' : ''}${shortName(method.input)}`
  const output = `${streamsOut ? 'stream ' : ''}${shortName(method.output)}`
  return `rpc ${method.name}(${input}) returns (${output})`
}

const root = join(import.meta.dir, '..')

/** The text of every file below a folder, by its path there. */
async function readTree(folder: string): Promise<Record<string, string>> {
  const paths = await Array.fromAsync(new Bun.Glob('**/*.ts').scan(folder))
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await Bun.file(join(folder, path)).text()])),
  )
}

const compareText = (a: string, b: string) => (a < b ? -1 : 1)

test('there are exactly 95 RPCs, 257 messages and 55 enums, and one service', () => {
  expect({
    services: services.map((service) => service.typeName),
    rpcs: services.flatMap((service) => service.methods).length,
    messages: messages.length,
    enums: enums.length,
  }).toEqual({ services: ['nekode.daemon.v1.DaemonControlService'], rpcs: 95, messages: 257, enums: 55 })
})

test('every RPC has the stream kind and the types that deployed daemons call', () => {
  expect(services.flatMap((service) => service.methods.map(renderMethod)).toSorted(compareText)).toEqual(
    wire.services.DaemonControlService.toSorted(compareText),
  )
})

test('every message has the fields, numbers, labels, oneofs and reservations of the wire, and none besides', () => {
  expect(Object.fromEntries(messages.map((message) => [shortName(message), renderMessage(message)]))).toEqual(
    wire.messages,
  )
})

test('every enum has the values of the wire, and none besides', () => {
  expect(Object.fromEntries(enums.map((type) => [shortName(type), renderEnum(type)]))).toEqual(wire.enums)
})

test('no field renames itself in JSON', () => {
  const lowerCamelCase = (name: string) => name.replace(/_([a-z0-9])/g, (_, next: string) => next.toUpperCase())
  const renamed = messages
    .flatMap((message) => message.fields)
    .filter((field) => field.jsonName !== lowerCamelCase(field.name))
  expect(renamed.map((field) => `${field.parent.typeName}.${field.name} is ${field.jsonName}`)).toEqual([])
})

test('the generated code is what `bun run gen` makes of the proto files', async () => {
  const output = await mkdtemp(join(tmpdir(), 'nekode-gen-'))
  try {
    const bin = join(root, 'node_modules/.bin')
    const generate = Bun.spawn([join(bin, 'buf'), 'generate', '--output', output], {
      cwd: root,
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
      stderr: 'pipe',
    })
    expect({ stderr: await new Response(generate.stderr).text(), exitCode: await generate.exited }).toEqual({
      stderr: '',
      exitCode: 0,
    })
    expect(await readTree(join(root, 'shared/gen'))).toEqual(await readTree(join(output, 'shared/gen')))
  } finally {
    await rm(output, { recursive: true })
  }
})
