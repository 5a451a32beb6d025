import { type BusError, catalogue } from '../../../libs/errors/index.ts'
import { EVENTS, uuidv7 } from '../../../libs/model/index.ts'
import { Committer, sealEntry } from '../../../libs/pipeline/index.ts'
import { type Logger, metric } from '../../../libs/runtime/index.ts'
import { type Pool, recordRefusals as writeRefusals } from '../../../libs/store/index.ts'

export interface RefusedSubmission {
  readonly id: string
  readonly systemId: string
  readonly error: BusError
  readonly sha256?: Buffer
  readonly size?: number
}

export interface RefusalRecorder {
  /** Records that a known system's submission was refused. Resolves when it is on record, or when it will not be. */
  record(refused: Omit<RefusedSubmission, 'id'>): Promise<void>
  close(): Promise<void>
}

/** Refusals of one system on record per minute; what is above is answered all the same, counted, and said once in the log. */
const CAP_PER_MINUTE = 600

const unrecorded = metric.counter({
  name: 'refusals_unrecorded_total',
  help: 'refusals above what one system may put on record in a minute',
})

/**
 * Puts refusals on record, many in one commit, at most so many per system and minute: a system that sends rubbish must not
 * fill the disk. A record that cannot be written never turns a refusal into something else.
 */
export function openRefusalRecorder(pool: Pool, log: Logger): RefusalRecorder {
  const committer = new Committer<RefusedSubmission, void>(
    {
      async write(batch, eventTime) {
        const rows = batch.map(({ id, systemId, error, sha256, size }) => ({
          id,
          system_id: systemId,
          refused_at: eventTime.toISOString(),
          code: error.code,
          sha256: sha256?.toString('hex') ?? null,
          // Of a packet with a secrecy mark the record holds system, time, code and digest only.
          ...(error.code === 'LT_BUS_SECRECY_MARK'
            ? { params: {}, size: null }
            : { params: error.params, size: size ?? null }),
        }))
        const entries = batch.map(({ id, systemId, error, sha256 }) => ({
          owner: id,
          ...sealEntry(
            {
              event: EVENTS.submissionRejected,
              details: { system: systemId, code: error.code, sha256: sha256?.toString('hex') ?? '' },
            },
            eventTime,
          ),
        }))
        await writeRefusals(pool, rows, entries)
        return batch.map(() => undefined)
      },
      explain: (_, error) => error as Error,
    },
    { maxBatch: 100, maxWaiting: 1000 },
  )
  const counts = new Map<string, number>()
  let minute = 0

  return {
    async record(refused) {
      if (catalogue[refused.error.code].status >= 500) return
      const now = Math.floor(Date.now() / 60_000)
      if (now !== minute) {
        minute = now
        counts.clear()
      }
      const count = (counts.get(refused.systemId) ?? 0) + 1
      counts.set(refused.systemId, count)
      if (count > CAP_PER_MINUTE) {
        unrecorded.inc()
        if (count === CAP_PER_MINUTE + 1) {
          log.warn(
            { systemId: refused.systemId, code: refused.error.code, cap: CAP_PER_MINUTE },
            'refusals of a system are not recorded until the minute ends',
          )
        }
        return
      }
      try {
        await committer.submit({ id: uuidv7(), ...refused })
      } catch (error) {
        log.warn({ err: error, code: refused.error.code }, 'a refusal could not be recorded')
      }
    },
    close: () => committer.close(),
  }
}
