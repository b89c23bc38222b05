#!/usr/bin/env bun
import { runProgram } from '@shared/cli/program'
import { version } from '@shared/version'
import { commands } from './cli/commands'

const [first, ...rest] = process.argv.slice(2)
const asked = ['--help', '-h', '--version', '-v'].includes(first ?? '')
// Without a command it serves, as it always has.
const bare = first === undefined || (first.startsWith('-') && !asked)

const code = await runProgram(
  {
    name: 'nekode',
    version,
    description: 'A server where people and AI agents work together, and its command line',
    examples: ['nekode serve', 'nekode login', "nekode send '#general' '@ada what is new?' --wait"],
    commands,
  },
  bare ? ['serve', ...process.argv.slice(2)] : [first, ...rest],
)
if (code !== undefined) process.exitCode = code
