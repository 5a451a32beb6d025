import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { processNumbers } from './processes-in.ts'

const LISTENING = '0A'

/**
 * Whether a process that was started with the settings in `envDir` (`LT_ENV_DIR`) listens on a TCP port. `false` also where the
 * system does not tell: no /proc, or a process of somebody else.
 */
export function isHeldByOurs(port: number, envDir: string): boolean {
  const sockets = listeningSockets(port)
  if (sockets.size === 0) return false
  return processNumbers().some((pid) => settingsOf(pid) === resolve(envDir) && holds(pid, sockets))
}

/** What `/proc/<pid>/fd` shows for each socket that listens on the port, IPv4 and IPv6. */
function listeningSockets(port: number): Set<string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => read(file).split('\n').slice(1))
  const fields = lines.map((line) => line.trim().split(/\s+/))
  const found = fields.filter(([, local = '', , state]) => local.endsWith(wanted) && state === LISTENING)
  return new Set(found.map((each) => `socket:[${each[9]}]`))
}

function holds(pid: number, sockets: ReadonlySet<string>): boolean {
  try {
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).some((name) => sockets.has(target(`${folder}/${name}`)))
  } catch {
    return false // ended meanwhile, or not ours to look into
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

/** The folder of settings that a process was started with, as it sees it. */
function settingsOf(pid: number): string | undefined {
  const variable = read(`/proc/${pid}/environ`)
    .split('\0')
    .find((each) => each.startsWith('LT_ENV_DIR='))
  return variable === undefined ? undefined : resolve(target(`/proc/${pid}/cwd`), variable.slice('LT_ENV_DIR='.length))
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
