import { BusError } from '../../../libs/errors/index.ts'
import { findProgram } from '../../../libs/runtime/index.ts'

/** The path of a program of PostgreSQL. @throws BusError LT_CONF_PROGRAM_MISSING naming it and how to install it */
export function needProgram(name: string): string {
  const found = findProgram(name)
  if (found) return found
  const client = name === 'pg_basebackup'
  throw new BusError('LT_CONF_PROGRAM_MISSING', {
    programs: name,
    command: `apt-get install -y ${client ? 'postgresql-client' : 'postgresql'}`,
  })
}
