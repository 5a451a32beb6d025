import type { Queryable } from './pool.ts'

/** Lets an idempotency key stand for a submission that was accepted before under another one, or none; a key in use stays. */
export async function keepSubmissionKey(
  database: Queryable,
  key: { readonly systemId: string; readonly key: string; readonly contentHash: Buffer; readonly dispatchId: string },
): Promise<void> {
  await database.query({
    name: 'keep-submission-key',
    text: `insert into submission_key (system_id, idempotency_key, content_hash, dispatch_id) values ($1, $2, $3, $4)
      on conflict do nothing`,
    values: [key.systemId, key.key, key.contentHash, key.dispatchId],
  })
}
