import { accessSync, constants, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { processEnvironment } from './environment.ts'

/** The full path of a program: from PATH, the system folders, or the newest PostgreSQL that Debian installed. */
export function findProgram(name: string): string | undefined {
  const path = processEnvironment().PATH ?? ''
  const folders = [
    ...postgresFolders(),
    ...path.split(':'),
    '/usr/local/sbin',
    '/usr/local/bin',
    '/usr/sbin',
    '/usr/bin',
  ]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function postgresFolders(): string[] {
  try {
    const versions = readdirSync('/usr/lib/postgresql').map(Number).filter(Number.isFinite)
    return versions.sort((a, b) => b - a).map((version) => `/usr/lib/postgresql/${version}/bin`)
  } catch {
    return [] // not Debian, or not installed
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
