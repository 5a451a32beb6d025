import { execFileSync } from 'node:child_process'
import { BusError } from '../errors/index.ts'

/** The user PostgreSQL runs as: it refuses root, so as root it is `postgres`, otherwise ourselves. */
export interface ClusterOwner {
  readonly uid?: number
  readonly gid?: number
}

/** @throws BusError LT_CONF_PROGRAM_MISSING when we are root and there is no user `postgres` */
export function clusterOwner(): ClusterOwner {
  if (process.getuid?.() !== 0) return {}
  try {
    const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim())
    return { uid: id('-u'), gid: id('-g') }
  } catch (cause) {
    const command = 'useradd --system --no-create-home postgres'
    throw new BusError('LT_CONF_PROGRAM_MISSING', { programs: 'user postgres', command }, { cause })
  }
}
