import { openConnection, openPool, tryLeadRetention } from '../../../libs/store/index.ts'
import { type Deletion, deleteDueContent } from './delete-content.ts'

const EVERY_MS = 3_600_000

export interface Retention extends Omit<Deletion, 'pool' | 'onStep'> {
  readonly databaseUrl: string
  readonly onDeleted: () => void
  readonly signal: AbortSignal
}

/** One sweep, by one gateway at a time (a connection of its own holds that place); answers how many were deleted. */
export async function sweepRetention({ databaseUrl, signal, onDeleted, ...rest }: Retention): Promise<number> {
  const connection = await openConnection(databaseUrl, 'lienthong retention')
  const pool = openPool(databaseUrl, { name: 'lienthong retention', max: 1 })
  try {
    if (!(await tryLeadRetention(connection))) return 0
    const deleted = await deleteDueContent({ ...rest, pool }, signal)
    if (deleted > 0) onDeleted()
    return deleted
  } finally {
    await Promise.all([connection.end(), pool.end()])
  }
}

/** Sweeps every hour until the signal. */
export function keepRetention(retention: Retention): void {
  const timer = setInterval(() => {
    sweepRetention(retention).catch((error: unknown) =>
      retention.log.warn({ err: error }, 'retention could not be swept'),
    )
  }, EVERY_MS)
  timer.unref()
  retention.signal.addEventListener('abort', () => clearInterval(timer), { once: true })
}
