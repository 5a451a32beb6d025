import type { CrashWorld } from './crash-world.ts'
import type { Handover } from './read-stores.ts'

export interface NoticeVerdict {
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  /** Notices by state, in words. */
  readonly states: string
}

interface NoticeRow {
  readonly id: string
  readonly channel: 'mail' | 'sms'
  readonly state: string
  readonly claim: string | null
}

/**
 * Nobody is told anything twice, and nothing counts as told that was not. A message carries the id of its claim; each notice names the
 * last claim it was in. So of a notice that was sent twice one message arrived that no notice names any more.
 * @param late documents that were sent after their term, of which their senders have to be told
 */
export async function judgeNotices({ eyes, notices }: CrashWorld, late: readonly Handover[]): Promise<NoticeVerdict> {
  const { rows } = await eyes.query<NoticeRow>('select id, channel, state, claim_id as claim from notice')
  const lost: string[] = []
  const doubled: string[] = []
  const arrived = notices.arrived()
  for (const channel of ['mail', 'sms'] as const) {
    const ids = arrived[channel]
    const own = rows.filter((row) => row.channel === channel)
    const claims = new Set(own.flatMap(({ claim, state }) => (state === 'SENT' || state === 'UNSURE' ? [claim] : [])))
    for (const [i, id] of ids.entries()) {
      if (ids.indexOf(id) !== i) doubled.push(`${channel} ${id} came twice`)
      else if (!claims.has(id))
        doubled.push(`${channel} ${id} came, and what it told was told again or counts as not told`)
    }
    const came = new Set(ids)
    for (const { id, state, claim } of own)
      if (state === 'SENT' && !came.has(claim ?? '')) lost.push(`${channel} notice ${id} counts as sent and never came`)
  }
  lost.push(...rows.filter(({ state }) => state === 'FAILED').map(({ id }) => `notice ${id} failed`))
  const { rows: entries } = await eyes.query<{ written: number; told: number }>(
    `select (select count(*)::int from audit_entry where event = 'ConsignmentNotification') as written,
       (select count(*)::int from notice where state = 'SENT' and dispatch_id is not null) as told`,
  )
  for (const { written, told } of entries)
    if (written !== told) lost.push(`${told} notices count as sent, and ${written} entries of the log say so`)
  const facts = await eyes.query<{ id: string; notices: number }>(
    `select e.dispatch_id as id, (select count(*)::int from notice n where n.dispatch_id = e.dispatch_id and n.kind = 'sent-late') as notices
     from audit_entry e where e.event = 'DispatchSentLate'`,
  )
  const noticed = new Map(facts.rows.map(({ id, notices: count }) => [id, count]))
  for (const { name, dispatch } of late) {
    const count = noticed.get(dispatch)
    if (count === undefined) lost.push(`${name}: that it was sent late stands nowhere`)
    else if (count !== 1) (count < 1 ? lost : doubled).push(`${name}: ${count} notices that it was sent late`)
  }
  return { lost, doubled, states: statesOf(rows) }
}

function statesOf(rows: readonly NoticeRow[]): string {
  const counts = new Map<string, number>()
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, count]) => `${count} ${state.toLowerCase()}`).join(', ') || 'none'
}
