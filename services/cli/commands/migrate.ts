import { BusError } from '../../../libs/errors/index.ts'
import { readSecret, serviceEnvironment } from '../../../libs/runtime/index.ts'
import { migrate } from '../../../libs/store/index.ts'
import type { Command } from '../command.ts'
import { databaseError } from '../database.ts'

/** `lienthong migrate`: brings the database up to date, with the rights of its owner (`owner.env` under LT_ENV_DIR). */
export const migrateCommand: Command = {
  options: {},
  async run({ environment, output }) {
    const url = readSecret(serviceEnvironment('owner', environment), 'DATABASE_URL')
    if (url === undefined) throw new BusError('LT_CONF_INVALID', { problems: 'DATABASE_URL (role lt_owner)' })
    const applied = await migrate(url).catch((error: unknown) => {
      throw databaseError(error)
    })
    const lines = applied.map(({ name, durationMs }) => output.t('migrate.done', { name, ms: durationMs }))
    output.result(applied, lines.length === 0 ? [output.t('migrate.none')] : lines)
  },
}
