#!/usr/bin/env bun
import { runProgram } from '@shared/cli/program'
import { program } from './cli/program'
import { bypassLoopback } from './network/proxy'

// Before the first request: what is on this computer is reached without a proxy.
bypassLoopback(process.env)
const words = process.argv.slice(2)
// Without a command it runs, as it always has.
const code = await runProgram(program, words.length === 0 ? ['run'] : words)
// A reader that is slow still gets everything.
await new Promise<void>((done) => process.stdout.end(() => done()))
// What is still open here (a socket that lingers, a timer) must not keep the process.
process.exit(code)
