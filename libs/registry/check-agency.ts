import { type AgencyCode, codeStructure } from '../model/index.ts'
import type { AgencyKind, Contact, NewAgency } from '../store/index.ts'
import {
  badField,
  checkChoice,
  checkCode,
  checkContact,
  checkDate,
  checkOptionalText,
  checkText,
  MAX_NAME,
} from './check-fields.ts'
import { foldName } from './fold-name.ts'

/** An agency as an operator or a file states it. What is left out is not known, except `kind`, which the code tells. */
export interface AgencyInput {
  readonly code: string
  readonly name: string
  readonly shortName?: string | null
  readonly kind?: string | null
  /** Where the unit above is another than the code's structure gives. */
  readonly parentCode?: string | null
  /** `yyyy-MM-dd`, the first day on which the code is no longer valid. */
  readonly closedOn?: string | null
  readonly successorCode?: string | null
  readonly contact?: Contact
  /** How sure this is; `stated` unless told. */
  readonly confidence?: string | null
  /** Where it comes from; `operator` unless told. */
  readonly source?: string | null
}

export const AGENCY_KINDS: readonly AgencyKind[] = [
  'party',
  'president',
  'assembly',
  'court',
  'procuracy',
  'audit',
  'government',
  'local',
  'socio-political',
  'enterprise',
  'other',
]

const KIND_BY_LETTER: Readonly<Record<string, AgencyKind>> = { A: 'party', G: 'government', H: 'local', K: 'local' }

/** The block an agency belongs to as far as its code tells (letters of level 1 that are known; enterprise codes). */
export function kindOfCode(code: string): AgencyKind {
  const structure = codeStructure(code)
  if (structure === 'enterprise') return 'enterprise'
  const level1 = structure === 'new' ? code[0] : structure === 'old' ? code[10] : undefined
  return KIND_BY_LETTER[level1 ?? ''] ?? 'other'
}

/** Checks an agency and fills in what follows from it. @throws BusError LT_REG_MALFORMED_CODE, LT_REG_BAD_FIELD */
export function checkAgency(input: AgencyInput): NewAgency {
  const code = checkCode(input.code)
  const name = checkText('name', input.name, MAX_NAME)
  const shortName = checkOptionalText('shortName', input.shortName, MAX_NAME)
  const parentCode = other('parentCode', code, input.parentCode)
  const successorCode = other('successorCode', code, input.successorCode)
  const closedOn = input.closedOn ? checkDate('closedOn', input.closedOn) : null
  if (successorCode !== null && closedOn === null) throw badField('closedOn', '')
  return {
    code,
    name,
    shortName,
    nameFolded: foldName(name),
    shortNameFolded: shortName === null ? null : foldName(shortName),
    kind: input.kind ? checkChoice('kind', input.kind, AGENCY_KINDS) : kindOfCode(code),
    parentCode,
    closedOn,
    successorCode,
    contact: checkContact(input.contact ?? {}),
    confidence: checkOptionalText('confidence', input.confidence, 40) ?? 'stated',
    source: checkOptionalText('source', input.source, MAX_NAME) ?? 'operator',
  }
}

function other(field: string, code: string, value: string | null | undefined): AgencyCode | null {
  if (!value) return null
  if (value === code) throw badField(field, value)
  return checkCode(value)
}
