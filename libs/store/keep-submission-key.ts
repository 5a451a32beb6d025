import type { Queryable } from './pool.ts'

/** What a key stands for that was already in use. */
export interface UsedKey {
  readonly contentHash: string
  readonly dispatchId: string
}

/**
 * Lets an idempotency key stand for a submission that was accepted before under another one, or none. A key in use stays: then what
 * it stands for is answered.
 */
export async function keepSubmissionKey(
  database: Queryable,
  key: { readonly systemId: string; readonly key: string; readonly contentHash: Buffer; readonly dispatchId: string },
): Promise<UsedKey | undefined> {
  const { rowCount } = await database.query({
    name: 'keep-submission-key',
    text: `insert into submission_key (system_id, idempotency_key, content_hash, dispatch_id) values ($1, $2, $3, $4)
      on conflict do nothing`,
    values: [key.systemId, key.key, key.contentHash, key.dispatchId],
  })
  if (rowCount === 1) return undefined
  // A statement of its own: the one before may have waited for whoever took the key, and cannot see it.
  const { rows } = await database.query<UsedKey>({
    name: 'read-submission-key',
    text: `select encode(content_hash, 'hex') as "contentHash", dispatch_id as "dispatchId" from submission_key
      where system_id = $1 and idempotency_key = $2`,
    values: [key.systemId, key.key],
  })
  return rows[0]
}
