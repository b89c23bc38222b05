#!/usr/bin/env bun
import { bridge } from './cli/bridge'
import { doctor } from './cli/doctor'
import { enroll } from './cli/enroll'
import { runProgram } from './cli/program'
import { run } from './cli/run'
import { install, uninstall } from './cli/service'
import { status } from './cli/status'
import { versionCommand } from './cli/version'

const code = await runProgram(
  {
    name: 'nekode-daemon',
    description: 'Runs coding agents on this computer for a Nekode server',
    default: 'run',
    commands: [run, enroll, status, doctor, install, uninstall, versionCommand, bridge],
  },
  process.argv.slice(2),
)
// What is still open here (a socket that lingers, a timer) must not keep the process.
process.exit(code)
