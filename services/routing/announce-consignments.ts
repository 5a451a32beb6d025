import type { Bus } from '../../libs/bus/index.ts'
import { SUBJECTS } from '../../libs/model/index.ts'
import type { RoutedConsignment } from './route-dispatches.ts'

/**
 * Tells whoever waits that something can be had, after the commit: one wake-up per agency for mailboxes (core NATS: a lost
 * one delays, never loses), one unit of work per push consignment. What cannot be published now is published by the sweeper.
 */
export async function announceConsignments(bus: Bus, consignments: readonly RoutedConsignment[]): Promise<void> {
  const agencies = new Set<string>()
  const work: Promise<void>[] = []
  for (const { id, agency, lane, mode } of consignments) {
    if (mode === 'pull') agencies.add(agency)
    else
      work.push(
        bus.publishWork(SUBJECTS.consignmentPush(lane, agency), Buffer.from(JSON.stringify({ id })), {
          msgId: `${id}-1-0`,
        }),
      )
  }
  for (const agency of agencies) bus.publish(SUBJECTS.consignmentAvailable(agency))
  await Promise.allSettled(work)
}
