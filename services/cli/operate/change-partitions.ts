import { BusError } from '../../../libs/errors/index.ts'
import { EVENTS } from '../../../libs/model/index.ts'
import { type Cause, causeDetails, sealEntry } from '../../../libs/pipeline/index.ts'
import { readSecret, serviceEnvironment } from '../../../libs/runtime/index.ts'
import {
  ARCHIVED_TABLES,
  attachPartition,
  type Connection,
  detachPartition,
  findMonthObstacle,
  listPartitionMonths,
  moveMonthKeys,
  openConnection,
} from '../../../libs/store/index.ts'
import type { Call } from '../command.ts'
import { withDatabase } from '../database.ts'
import { table } from '../output.ts'
import { causeOf } from './with-operations.ts'

/** `partitions`: the months of each table and where they are. */
export async function listMonths(call: Call): Promise<void> {
  const { output } = call
  const months = await withDatabase(call, (pool) => listPartitionMonths(pool))
  const rows = months.map(({ parent, month, archived, attached, about_rows }) => [
    shownMonth(month),
    parent,
    output.t(archived ? 'partitions.archived' : attached ? 'partitions.attached' : 'partitions.apart'),
    about_rows < 0 ? '' : String(about_rows),
  ])
  output.result(months, table([output.t('partitions.columns').split('|'), ...rows]))
}

/**
 * `partitions --detach YYYY-MM --reason TEXT`: puts the month away, with its entry.
 * @throws BusError LT_STORE_MONTH_IN_USE with what stands in the way
 */
export async function detachMonth(call: Call, month: string): Promise<void> {
  const { output } = call
  const short = month.replace('-', '')
  await asOwner(call, async (connection, cause) => {
    await checkThere(connection, short, false)
    const obstacle = await findMonthObstacle(connection, short)
    if (obstacle) throw inUse(month, `${obstacle.what} ${obstacle.id}`.trim())
    // The entry and the keys first: whoever reads the log knows of it, and a run that breaks off is done again.
    const details = { month, ...causeDetails(cause) }
    await moveMonthKeys(connection, short, 'archive', [
      sealEntry({ event: EVENTS.partitionDetached, details }, new Date()),
    ])
    for (const parent of ARCHIVED_TABLES) await detachPartition(connection, parent, short)
  })
  output.result({ month, archived: true }, [output.t('partitions.detached', { month })])
}

/** `partitions --attach YYYY-MM --reason TEXT`: brings the month back, with its entry. */
export async function attachMonth(call: Call, month: string): Promise<void> {
  const { output } = call
  const short = month.replace('-', '')
  await asOwner(call, async (connection, cause) => {
    await checkThere(connection, short, true)
    for (const parent of [...ARCHIVED_TABLES].reverse()) await attachPartition(connection, parent, short)
    const details = { month, ...causeDetails(cause) }
    await moveMonthKeys(connection, short, 'public', [
      sealEntry({ event: EVENTS.partitionAttached, details }, new Date()),
    ])
  })
  output.result({ month, archived: false }, [output.t('partitions.attachedNow', { month })])
}

/** Whether there is such a month that has not, or not wholly, arrived where it is to go. */
async function checkThere(connection: Connection, month: string, archived: boolean): Promise<void> {
  const own = (await listPartitionMonths(connection)).filter(
    (each) => each.month === month && ARCHIVED_TABLES.some((parent) => parent === each.parent),
  )
  if (own.length === 0) throw inUse(shownMonth(month), 'unknown month')
  const whole = own.length === ARCHIVED_TABLES.length
  if (whole && own.every((each) => each.archived !== archived && (archived ? each.attached : true)))
    throw inUse(shownMonth(month), archived ? 'is attached' : 'is in the archive')
}

function inUse(month: string, reason: string): BusError {
  return new BusError('LT_STORE_MONTH_IN_USE', { month, reason })
}

function shownMonth(month: string): string {
  return `${month.slice(0, 4)}-${month.slice(4)}`
}

/**
 * Tables are put away by who owns them (`owner.env` under LT_ENV_DIR); who does it and why is asked first, as of every act of an operator.
 * @throws BusError LT_CONF_INVALID, LT_STORE_UNAVAILABLE, LT_OPS_KEY_INVALID; UsageError without a reason
 */
async function asOwner(call: Call, work: (connection: Connection, cause: Cause) => Promise<void>): Promise<void> {
  const url = readSecret(serviceEnvironment('owner', call.environment), 'DATABASE_URL')
  if (url === undefined) throw new BusError('LT_CONF_INVALID', { problems: 'DATABASE_URL (role lt_owner)' })
  await withDatabase(call, async (pool) => {
    const cause = await causeOf(call, pool)
    const connection = await openConnection(url, 'lienthong partitions', 0)
    try {
      await connection.query(`set lock_timeout = '10s'`)
      await work(connection, cause)
    } finally {
      await connection.end()
    }
  })
}
