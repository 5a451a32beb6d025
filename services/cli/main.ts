#!/usr/bin/env node
import { runCli } from './run-cli.ts'

const code = await runCli(process.argv.slice(2))
// Not left to the event loop: a command that was interrupted may have left a request behind that nobody waits for any more.
process.stdout.write('', () => process.exit(code))
