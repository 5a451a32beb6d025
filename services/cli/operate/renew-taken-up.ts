import { openRegistry } from '../../../libs/registry/index.ts'
import { type FrontRow, type Pool, renewClocks, renewPushes } from '../../../libs/store/index.ts'

/**
 * Begins anew the terms and the time to live of what waits for agencies that go from nobody, or from a suspended system, to another by a
 * declaration (`undefined`: by its withdrawal). Before the change: whoever sees the new system must not find an age from the time when
 * nobody could fetch. @throws BusError LT_STORE_UNAVAILABLE
 */
export async function renewTakenUp(
  pool: Pool,
  agency: string,
  declared: Omit<FrontRow, 'agencyCode'> | undefined,
): Promise<void> {
  const stopping = new AbortController()
  try {
    const registry = await openRegistry({ pool, signal: stopping.signal })
    const agencies = registry.takenUpBy(agency, declared)
    if (agencies.length === 0) return
    await renewPushes(pool, agencies)
    await renewClocks(pool, agencies)
  } finally {
    stopping.abort()
  }
}
