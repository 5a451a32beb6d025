import type { AgencyCode } from '../model/index.ts'
import type { FrontRow, SystemRow } from '../store/index.ts'
import type { Directory } from './directory.ts'

/** The one system that receives for an agency. `ancestor`: it does so for a unit above that declared its descendants too. */
export type ReceivingSystem =
  | { readonly system: SystemRow; readonly via: 'own' }
  | { readonly system: SystemRow; readonly via: 'ancestor'; readonly ancestor: AgencyCode }

/** The nearest declaration decides: the agency's own, else the nearest ancestor's that includes descendants. */
export function receivingSystem(
  directory: Pick<Directory, 'agencies' | 'fronts' | 'systems'>,
  agencyCode: string,
): ReceivingSystem | undefined {
  const own = directory.fronts.get(agencyCode)
  const system = own && directory.systems.get(own.systemCode)
  if (system) return { system, via: 'own' }
  if (!directory.agencies.get(agencyCode)) return undefined
  for (const ancestor of directory.agencies.ancestors(agencyCode)) {
    const front = directory.fronts.get(ancestor.code)
    const above = front?.withDescendants ? directory.systems.get(front.systemCode) : undefined
    if (above) return { system: above, via: 'ancestor', ancestor: ancestor.code }
  }
  return undefined
}

/**
 * Agencies that nobody, or a suspended system, receives for, and that would have another system by a declaration, or (`undefined`) by the
 * withdrawal of the one there is.
 */
export function takenUpBy(directory: Directory, agencyCode: AgencyCode, declared: FrontRow | undefined): AgencyCode[] {
  const fronts = new Map(directory.fronts)
  if (declared) fronts.set(agencyCode, declared)
  else fronts.delete(agencyCode)
  const { agencies, systems } = directory
  const after = { agencies, systems, fronts }
  const found: AgencyCode[] = []
  const look = (code: AgencyCode): void => {
    const before = receivingSystem(directory, code)?.system
    if (before && !before.suspendedAt) return
    const next = receivingSystem(after, code)?.system
    if (next && next.code !== before?.code) found.push(code)
  }
  look(agencyCode)
  agencies.walk(agencyCode, ({ code }) => {
    look(code)
    return true
  })
  return found
}

/** Every agency, closed ones included, for which a system is the receiving one. Walks the tree: keep the answer per version. */
export function agenciesOf(directory: Directory, systemCode: string): AgencyCode[] {
  const { agencies, fronts, systems } = directory
  const found: AgencyCode[] = []
  if (!systems.has(systemCode)) return found
  for (const front of fronts.values()) {
    if (front.systemCode !== systemCode || !agencies.get(front.agencyCode)) continue
    found.push(front.agencyCode)
    if (!front.withDescendants) continue
    agencies.walk(front.agencyCode, (agency) => {
      const own = fronts.get(agency.code)
      if (!own) found.push(agency.code)
      return !own?.withDescendants
    })
  }
  return found
}
