import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { BusError } from '../../libs/errors/index.ts'
import { processEnvironment } from '../../libs/runtime/index.ts'
import { findProgram } from './find-program.ts'

/** Programs by the Debian package that brings them. */
const PACKAGES: Readonly<Record<string, string>> = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  postgres: 'postgresql',
  initdb: 'postgresql',
  psql: 'postgresql',
  xmlsec1: 'xmlsec1',
  xmllint: 'libxml2-utils',
  openssl: 'openssl',
  strace: 'strace',
}
export const SERVER_PROGRAMS = ['nats-server', 'redis-server', 'postgres', 'initdb', 'psql'] as const
/** The independent program that says in the demonstration, and in the README, whether a receipt is good. */
export const DEMO_PROGRAMS = ['xmlsec1'] as const
/** Independent programs that the tests ask for a second opinion. */
export const TEST_PROGRAMS = ['xmlsec1', 'xmllint', 'openssl', 'strace'] as const

/**
 * Sees to it that programs are installed: by apt when we are root, otherwise the error says what to type.
 * @throws BusError LT_CONF_PROGRAM_MISSING
 */
export function installPrograms(programs: readonly string[], say: (line: string) => void): void {
  const missing = programs.filter((program) => findProgram(program) === undefined)
  if (missing.length === 0) return
  const packages = [...new Set(missing.flatMap((program) => PACKAGES[program] ?? []))]
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (packages.length > 0 && process.getuid?.() === 0 && findProgram('apt-get')) {
    say(`installing ${packages.join(', ')}`)
    withoutServiceStart(() => {
      runApt(['update'])
      runApt(command.split(' ').slice(1))
    })
  }
  const stillMissing = missing.filter((program) => findProgram(program) === undefined)
  if (stillMissing.length > 0) {
    const sudo = process.getuid?.() === 0 ? '' : 'sudo '
    throw new BusError('LT_CONF_PROGRAM_MISSING', { programs: stillMissing.join(', '), command: `${sudo}${command}` })
  }
}

function runApt(args: readonly string[]): void {
  const env = { ...processEnvironment(), DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync('apt-get', ['-q', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env })
}

/** The packages would start their own system servers, which nobody asked for: a policy file says no while we install. */
function withoutServiceStart(work: () => void): void {
  const policy = '/usr/sbin/policy-rc.d'
  const present = existsSync(policy)
  if (!present) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    work()
  } finally {
    if (!present) rmSync(policy, { force: true })
  }
}
