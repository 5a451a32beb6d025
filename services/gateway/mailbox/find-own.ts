import { BusError } from '../../../libs/errors/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'
import { coalesce, findConsignments, type OpenConsignment, type Pool } from '../../../libs/store/index.ts'

export type ConsignmentFinder = (systemCode: string, id: string) => Promise<OpenConsignment>

/**
 * Reads a consignment for the system that receives for its agency now. Another system's consignment is as unknown as one that
 * does not exist. @throws BusError LT_BOX_NOT_FOUND
 */
export function openFinder(pool: Pool, registry: Pick<Registry, 'fronts'>): ConsignmentFinder {
  const read = coalesce<string, OpenConsignment | undefined>(async (ids) => {
    const rows = await findConsignments(pool, [...new Set(ids)])
    const byId = new Map(rows.map((row) => [row.id, row]))
    return ids.map((id) => byId.get(id))
  })
  return async (systemCode, id) => {
    const found = await read(id)
    if (found?.mode !== 'pull' || !registry.fronts(systemCode, found.agency_code)) {
      throw new BusError('LT_BOX_NOT_FOUND', { consignmentId: id })
    }
    return found
  }
}
