import { BusError } from '../../../libs/errors/index.ts'
import { causeDetails } from '../../../libs/pipeline/index.ts'
import { readSecret, serviceEnvironment } from '../../../libs/runtime/index.ts'
import { openConnection } from '../../../libs/store/index.ts'
import { readCheckpoint } from '../backup/last-checkpoint.ts'
import { openNextEpoch } from '../backup/open-next-epoch.ts'
import type { Command } from '../command.ts'
import { databaseError } from '../database.ts'
import { causeOf, OPERATOR_OPTIONS } from '../operate/with-operations.ts'

/**
 * `lienthong epoch --reason TEXT [--last-checkpoint FILE]`: a new epoch of the log, after a fail-over to a server that had not got everything. Services
 * that append to the log must not run. With the rights of the owner (`owner.env` under LT_ENV_DIR).
 * @throws BusError LT_BACKUP_LOG_BUSY while a sequencer leads
 */
export const epochCommand: Command = {
  options: { 'last-checkpoint': { type: 'string' }, ...OPERATOR_OPTIONS },
  async run(call) {
    const { environment, output, values } = call
    const checkpoint = values['last-checkpoint']
    const lastSigned = checkpoint === undefined ? undefined : await readCheckpoint(checkpoint)
    const url = readSecret(serviceEnvironment('owner', environment), 'DATABASE_URL')
    if (url === undefined) throw new BusError('LT_CONF_INVALID', { problems: 'DATABASE_URL (role lt_owner)' })
    const connection = await openConnection(url, 'lienthong epoch').catch((error: unknown) => {
      throw databaseError(error)
    })
    try {
      const opened = await openNextEpoch(connection, {
        lastSigned,
        known: 0,
        onNumber: async () => undefined,
        by: causeDetails(await causeOf(call, connection)),
      })
      const { origin, restoredSize: size, restoredRoot: root } = opened
      output.result(opened, [output.t('restore.epoch', { origin, size, root })])
    } finally {
      await connection.end()
    }
  },
}
