import { BusError } from '../errors/index.ts'
import {
  type AgencyRow,
  type AliasRow,
  type ChangedFront,
  deleteFront,
  type FrontRow,
  insertAgency,
  type Queryable,
  readTakenCodes,
  updateAgencyClosed,
  upsertAlias,
  upsertFront,
} from '../store/index.ts'
import { type AgencyInput, checkAgency } from './check-agency.ts'
import { checkCode, checkDate } from './check-fields.ts'
import { guardWrite } from './guard-write.ts'
import { ruleImage } from './rule-image.ts'

/**
 * Adds an agency under its canonical code.
 * @throws BusError LT_REG_CODE_TAKEN when the code, or its other spelling by rule, already means an agency; and as `checkAgency`
 */
export function addAgency(database: Queryable, input: AgencyInput): Promise<AgencyRow> {
  return guardWrite(async () => {
    const agency = checkAgency(input)
    const image = ruleImage(agency.code)
    const spellings = image === undefined ? [agency.code] : [agency.code, image]
    if (agency.successorCode !== null) spellings.push(agency.successorCode)
    const taken = await readTakenCodes(database, spellings)
    // An alias may take the image away from this agency; the code itself, or the image as another agency's code, may not be taken.
    const owner = taken.get(agency.code) ?? (image !== undefined && taken.get(image) === image ? image : undefined)
    if (owner !== undefined) throw new BusError('LT_REG_CODE_TAKEN', { code: agency.code, owner })
    if (agency.successorCode !== null && taken.get(agency.successorCode) !== agency.successorCode) {
      throw new BusError('LT_REG_UNKNOWN_AGENCY', { code: agency.successorCode })
    }
    const row = await insertAgency(database, agency)
    if (!row) throw new BusError('LT_REG_CODE_TAKEN', { code: agency.code, owner: agency.code })
    return row
  })
}

/**
 * Closes a code from a date on (`yyyy-MM-dd`, Asia/Ho_Chi_Minh), naming the successor if there is one. Codes are never deleted.
 * @throws BusError LT_REG_UNKNOWN_AGENCY, LT_REG_BAD_FIELD
 */
export function closeAgency(
  database: Queryable,
  code: string,
  { closedOn, successorCode = null }: { readonly closedOn: string; readonly successorCode?: string | null },
): Promise<AgencyRow> {
  return guardWrite(async () => {
    checkDate('closedOn', closedOn)
    if (successorCode !== null) {
      if (successorCode === code)
        throw new BusError('LT_REG_BAD_FIELD', { field: 'successorCode', value: successorCode })
      const taken = await readTakenCodes(database, [successorCode])
      if (taken.get(successorCode) !== successorCode)
        throw new BusError('LT_REG_UNKNOWN_AGENCY', { code: successorCode })
    }
    const row = await updateAgencyClosed(database, code, closedOn, successorCode)
    if (!row) throw new BusError('LT_REG_UNKNOWN_AGENCY', { code })
    return row
  })
}

/** Lets a spelling mean an agency, whatever the rule says about it; replaces what the spelling meant before. */
export interface AliasInput {
  readonly alias: string
  /** The canonical code it shall mean. */
  readonly code: string
  readonly origin?: 'directory' | 'manual'
  readonly validFrom?: string | null
  readonly validTo?: string | null
}

/** @throws BusError LT_REG_CODE_TAKEN when the spelling is an agency's own code; LT_REG_UNKNOWN_AGENCY, LT_REG_MALFORMED_CODE, LT_REG_BAD_FIELD */
export function addAlias(database: Queryable, input: AliasInput): Promise<AliasRow> {
  return guardWrite(async () => {
    const alias = checkCode(input.alias)
    const validFrom = input.validFrom ? checkDate('validFrom', input.validFrom) : null
    const validTo = input.validTo ? checkDate('validTo', input.validTo) : null
    const taken = await readTakenCodes(database, [alias])
    if (taken.get(alias) === alias) throw new BusError('LT_REG_CODE_TAKEN', { code: alias, owner: alias })
    const code = input.code as AliasRow['code']
    const row = await upsertAlias(database, { alias, code, origin: input.origin ?? 'manual', validFrom, validTo })
    if (!row) throw new BusError('LT_REG_UNKNOWN_AGENCY', { code })
    return row
  })
}

/**
 * Declares that a system receives (and may send) for an agency, with descendants also for the units below that have no
 * declaration of their own. Takes the agency over from the system that had it: an agency has one receiving system at a time.
 * @throws BusError LT_REG_UNKNOWN_AGENCY, LT_REG_UNKNOWN_SYSTEM
 */
export function front(
  database: Queryable,
  systemCode: string,
  agencyCode: string,
  { withDescendants }: { readonly withDescendants: boolean },
): Promise<ChangedFront> {
  return guardWrite(async () => {
    const declaration = { agencyCode: agencyCode as FrontRow['agencyCode'], systemCode, withDescendants }
    const row = await upsertFront(database, declaration)
    if (row) return row
    const taken = await readTakenCodes(database, [agencyCode])
    if (taken.get(agencyCode) !== agencyCode) throw new BusError('LT_REG_UNKNOWN_AGENCY', { code: agencyCode })
    throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: systemCode })
  })
}

/** Takes a declaration back; answers what was withdrawn, or `undefined` when there was none. */
export const withdrawFront = (database: Queryable, agencyCode: string): Promise<FrontRow | undefined> =>
  guardWrite(() => deleteFront(database, agencyCode))
