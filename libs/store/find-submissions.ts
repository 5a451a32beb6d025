import type { Queryable } from './pool.ts'

/** What is remembered of an accepted submission: its dispatch and the receipt that was signed in that commit. */
export interface FoundSubmission {
  readonly dispatch_id: string
  readonly state: string
  readonly content_hash: Buffer
  readonly receipt_id: string
  readonly receipt_xml: Buffer
  readonly recipients: readonly {
    readonly agency: string
    readonly consignment: string
    readonly asWritten: readonly string[]
  }[]
  readonly facts: Readonly<Record<string, unknown>>
  readonly signature: Readonly<Record<string, unknown>>
}

/** The accepted submission with this dispatch id. */
export async function findSubmission(database: Queryable, dispatchId: string): Promise<FoundSubmission | undefined> {
  const { rows } = await database.query<FoundSubmission>({
    name: 'find-submission',
    text: `select d.id as dispatch_id, d.state, d.content_hash, r.id as receipt_id, r.xml as receipt_xml, d.recipients, d.facts, d.signature
      from dispatch d join receipt r on r.dispatch_id = d.id and r.event = 'SubmissionAcceptance' where d.id = $1`,
    values: [dispatchId],
  })
  return rows[0]
}
