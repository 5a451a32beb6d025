import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BusError } from '../../libs/errors/index.ts'
import { processEnvironment } from '../../libs/runtime/index.ts'
import { findProgram } from './find-program.ts'
import { PROJECT } from './folders.ts'

/**
 * Runs a file of `deploy/postgres` through psql. Variables and password go by pipe and environment, never by command line.
 * @throws BusError LT_CONF_SERVER_FAILED with what psql said
 */
export async function runSql(url: string, file: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const { username, password, hostname, port, pathname } = new URL(url)
  const database = pathname.slice(1) || 'postgres'
  const args = [
    '-X',
    '-q',
    '-h',
    hostname,
    '-p',
    port || '5432',
    '-U',
    decodeURIComponent(username),
    '-d',
    database,
    '-f',
    '-',
  ]
  const env = {
    ...processEnvironment(),
    PGPASSWORD: decodeURIComponent(password),
    PGOPTIONS: '-c client_min_messages=warning',
  }
  const psql = spawn(findProgram('psql') ?? 'psql', args, { env, stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  psql.stderr.on('data', (chunk) => {
    said += chunk
  })
  const settings = Object.entries(variables).map(([name, value]) => `\\set ${name} '${value.replaceAll("'", "''")}'\n`)
  psql.stdin.end(settings.join('') + readFileSync(join(PROJECT, 'deploy/postgres', file), 'utf8'))
  const [code] = await once(psql, 'close')
  if (code !== 0)
    throw new BusError('LT_CONF_SERVER_FAILED', { server: `psql ${file}`, log: said.trim().slice(0, 500) })
}
