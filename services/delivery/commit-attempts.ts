import { BusError } from '../../libs/errors/index.ts'
import { type AuditDraft, Committer, type SealedEntry, sealEntry } from '../../libs/pipeline/index.ts'
import { type AttemptClaim, type AttemptEnd, claimAttempts, endAttempts, type Pool } from '../../libs/store/index.ts'

export interface WantedClaim extends Omit<AttemptClaim, 'at'> {
  readonly entries: readonly AuditDraft[]
}

export interface WantedEnd extends Omit<AttemptEnd, 'at'> {
  readonly entries: readonly AuditDraft[]
}

/** Begins and ends of attempts, many in one commit each; the new version, or `undefined` when the row had changed meanwhile. */
export interface AttemptCommits {
  /** Resolves after the commit: only then may the network be touched. @throws BusError LT_STORE_UNAVAILABLE */
  claim(wanted: WantedClaim, urgent: boolean): Promise<number | undefined>
  /** @throws BusError LT_STORE_UNAVAILABLE: the attempt stays open and is closed as ambiguous after its deadline */
  end(wanted: WantedEnd): Promise<number | undefined>
  close(): Promise<void>
}

const LIMITS = { maxBatch: 200, maxWaiting: 20_000 }

/** @param onCommitted told after each commit that wrote entries */
export function openAttemptCommits(pool: Pool, onCommitted: () => void): AttemptCommits {
  const claims = committer<WantedClaim>(
    (batch, entries, at) =>
      claimAttempts(
        pool,
        batch.map(({ entries: _, ...claim }) => ({ ...claim, at })),
        entries,
      ),
    onCommitted,
  )
  const ends = committer<WantedEnd>(
    (batch, entries, at) =>
      endAttempts(
        pool,
        batch.map(({ entries: _, ...end }) => ({ ...end, at })),
        entries,
      ),
    onCommitted,
  )
  return {
    claim: (wanted, urgent) => claims.submit(wanted, urgent),
    end: (wanted) => ends.submit(wanted),
    close: async () => void (await Promise.all([claims.close(), ends.close()])),
  }
}

interface Wanted {
  readonly id: string
  readonly entries: readonly AuditDraft[]
}

type Write<W> = (
  batch: readonly W[],
  entries: readonly (SealedEntry & { owner: string })[],
  at: string,
) => Promise<Map<string, number>>

function committer<W extends Wanted>(write: Write<W>, onCommitted: () => void): Committer<W, number | undefined> {
  return new Committer<W, number | undefined>(
    {
      async write(batch, eventTime) {
        const entries = batch.flatMap(({ id, entries }) =>
          entries.map((entry) => ({ owner: id, ...sealEntry(entry, eventTime) })),
        )
        const moved = await write(batch, entries, eventTime.toISOString())
        onCommitted()
        return batch.map(({ id }) => moved.get(id))
      },
      explain: (_, error) => new BusError('LT_STORE_UNAVAILABLE', {}, { cause: error }),
    },
    LIMITS,
    { keyOf: ({ id }) => id },
  )
}
