import type { ErrorCode, ErrorParams } from '../errors/index.ts'
import { type AgencyCode, codeStructure, normalizeCode } from '../model/index.ts'
import type { AgencyRow } from '../store/index.ts'
import type { Directory } from './directory.ts'

/** Why a code does not lead to an agency: an entry of the error catalogue with its parameters. */
export interface RegistryProblem {
  readonly code: ErrorCode
  readonly params: ErrorParams
}

export type Resolution =
  | { readonly ok: true; readonly agencyCode: AgencyCode; readonly agency: AgencyRow }
  | { readonly ok: false; readonly problem: RegistryProblem }

export interface ResolveOptions {
  /** Puts up with lower case, white space and the `#…` that some systems append. */
  readonly tolerant: boolean
}

/** Longest text that is looked at as a code; the law allows 35 characters. */
const MAX_CODE = 64

/**
 * Which agency a code means, in whichever spelling it is written.
 * `today` is the date in Asia/Ho_Chi_Minh: a code (or alias) is closed from its date on.
 */
export function resolveCode(
  directory: Directory,
  asWritten: string,
  { tolerant }: ResolveOptions,
  today: string,
): Resolution {
  if (asWritten.length > MAX_CODE) return refuse('LT_REG_MALFORMED_CODE', { code: `${asWritten.slice(0, MAX_CODE)}…` })
  const code = tolerant ? normalizeCode(asWritten) : asWritten
  const found = directory.find(code, today)
  if (!found) return refuse(codeStructure(code) ? 'LT_REG_UNKNOWN_CODE' : 'LT_REG_MALFORMED_CODE', { code: asWritten })
  const { agency, alias } = found
  if (agency.closedOn !== null && agency.closedOn <= today) {
    return refuse('LT_REG_CLOSED_CODE', {
      code: asWritten,
      closedOn: agency.closedOn,
      successor: agency.successorCode ?? '—',
    })
  }
  if (alias?.validTo != null && alias.validTo <= today) {
    return refuse('LT_REG_CLOSED_CODE', { code: asWritten, closedOn: alias.validTo, successor: agency.code })
  }
  return { ok: true, agencyCode: agency.code, agency }
}

const refuse = (code: ErrorCode, params: ErrorParams): Resolution => ({ ok: false, problem: { code, params } })
