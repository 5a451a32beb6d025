import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isBusError } from '../../libs/errors/index.ts'
import { addOperator } from '../../libs/pipeline/index.ts'
import { readEnvFile } from '../../libs/runtime/index.ts'
import { openPool } from '../../libs/store/index.ts'
import type { Folders } from './folders.ts'

/**
 * Names whoever set these servers up as their first administrator, and lets the command line act by that key. Where others were named
 * before, nobody is made past them. Safe to repeat.
 */
export async function nameOperator({ env, keys }: Folders): Promise<void> {
  const settings = join(env, 'cli.env')
  const file = join(keys, 'operator.key')
  if (!existsSync(file)) {
    const { DATABASE_URL: database = '' } = readEnvFile(settings)
    const pool = openPool(database, { name: 'lienthong up', max: 1 })
    try {
      const { key } = await addOperator(pool, { name: 'local', role: 'administrator' }, undefined, 'make up')
      writeFileSync(file, `${key}\n`, { mode: 0o600 })
    } catch (error) {
      if (!isBusError(error, 'LT_OPS_KEY_INVALID') && !isBusError(error, 'LT_OPS_NAME_TAKEN')) throw error
    } finally {
      await pool.end()
    }
  }
  if (existsSync(file)) appendFileSync(settings, `LIENTHONG_OPERATOR_FILE='${file}'\n`)
}
