import { type ErrorCode, isBusError } from '../../../libs/errors/index.ts'
import { normalizeCode, oldToNew } from '../../../libs/model/index.ts'
import { checkAgency, type Registry } from '../../../libs/registry/index.ts'
import type { UpstreamAgency } from '../../../libs/vxp/index.ts'

/** An agency of the other axis that is not taken, and why. */
export interface LeftOut {
  readonly code: string
  readonly reason: ErrorCode
  /** The system that receives for it here. */
  readonly system?: string
}

export interface Choice {
  /** Those our directory does not have, in the form of the import. */
  readonly added: readonly { readonly code: string; readonly [field: string]: unknown }[]
  /** Canonical codes that the system of the other axis is to front, the added ones included. */
  readonly fronted: readonly string[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * What of another axis's directory is taken: agencies for which no other system receives here. What our directory says of an agency stays.
 * Old and new spelling of one code are one agency.
 */
export function chooseAgencies(
  agencies: readonly UpstreamAgency[],
  registry: Pick<Registry, 'resolve' | 'agency' | 'receivingSystem'>,
  upstream: string,
): Choice {
  const added = new Map<string, Choice['added'][number]>()
  const fronted = new Set<string>()
  const leftOut: LeftOut[] = []
  for (const agency of agencies) {
    const code = canonical(agency.code)
    const known = registry.resolve(code, { tolerant: true })
    const ours = known.ok ? known.agencyCode : registry.agency(code)?.code
    const receiving = ours === undefined ? undefined : registry.receivingSystem(ours)
    if (receiving && receiving.system.code !== upstream) {
      leftOut.push({ code: agency.code.slice(0, 64), reason: 'LT_REG_CODE_TAKEN', system: receiving.system.code })
      continue
    }
    if (ours !== undefined) {
      fronted.add(ours)
      continue
    }
    try {
      const parentCode = canonical(agency.parentCode)
      const input = { code, name: agency.name, ...(parentCode === '' || parentCode === code ? {} : { parentCode }) }
      checkAgency(input)
      added.set(code, { ...input, ...emailOf(agency.mail), source: upstream, confidence: 'stated' })
      fronted.add(code)
    } catch (error) {
      if (!isBusError(error)) throw error
      leftOut.push({ code: agency.code.slice(0, 64), reason: error.code })
    }
  }
  return { added: [...added.values()], fronted: [...fronted], leftOut }
}

function canonical(text: string): string {
  const code = normalizeCode(text)
  return oldToNew(code) ?? code
}

/** An address that cannot be one is no reason to do without the agency. */
function emailOf(mail: string): { readonly email?: string } {
  try {
    checkAgency({ code: 'H00', name: '-', contact: { email: mail } })
    return mail === '' ? {} : { email: mail }
  } catch (error) {
    if (!isBusError(error)) throw error
    return {}
  }
}
