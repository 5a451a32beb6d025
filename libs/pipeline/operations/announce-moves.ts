import { SUBJECTS } from '../../model/index.ts'
import type { PlannedMove } from './judge-consignment.ts'
import type { Operations } from './operation.ts'

/**
 * Tells whoever waits, after the commit: the mailbox of an agency, with the least id that came back (it may be older than anything
 * the mailbox looks at), delivery, and the sequencer. What does not get through is found by sweepers and by waiting mailboxes.
 */
export async function announceMoves(
  { bus }: Pick<Operations, 'bus'>,
  moved: readonly (PlannedMove & { readonly newVersion: number })[],
): Promise<void> {
  if (!bus || moved.length === 0) return
  bus.publish(SUBJECTS.auditPending)
  const mailboxes = new Map<string, string>()
  const work: Promise<void>[] = []
  for (const { id, agency, lane, to, newVersion } of moved) {
    const least = mailboxes.get(agency)
    if (to === 'AVAILABLE' && (least === undefined || id < least)) mailboxes.set(agency, id)
    if (to !== 'QUEUED') continue
    const msgId = `${id}-${newVersion}-0`
    work.push(bus.publishWork(SUBJECTS.consignmentPush(lane, agency), Buffer.from(JSON.stringify({ id })), { msgId }))
  }
  for (const [agency, id] of mailboxes) bus.publish(SUBJECTS.consignmentAvailable(agency), id)
  await Promise.allSettled(work)
}
