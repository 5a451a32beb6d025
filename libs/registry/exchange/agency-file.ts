import { BusError } from '../../errors/index.ts'
import type { AgencyDetails, StagedAgency } from '../../store/index.ts'
import { checkAgency } from '../check-agency.ts'
import { badField, CONTACT_FIELDS, checkCode } from '../check-fields.ts'
import { ruleImage } from '../rule-image.ts'
import { unreadable } from './decode-utf8.ts'
import { unguardField } from './write-csv.ts'

/** The columns of the CSV form, in the order they are written, with the field of the JSON form each stands for. */
export const COLUMNS = {
  code: 'code',
  name: 'name',
  short_name: 'shortName',
  kind: 'kind',
  parent_code: 'parentCode',
  closed_on: 'closedOn',
  successor_code: 'successorCode',
  aliases: 'aliases',
  telephone: 'telephone',
  email: 'email',
  address: 'address',
  website: 'website',
  confidence: 'confidence',
  source: 'source',
} as const

type Field = (typeof COLUMNS)[keyof typeof COLUMNS]
const FIELDS: ReadonlySet<string> = new Set(Object.values(COLUMNS))
const MAX_ALIASES = 50

/** The fields of one agency as a file states them; an empty text takes a value away, an absent field leaves it. */
export type FileFields = ReadonlyMap<Field, string>

/** Reads the header line into fields. @throws BusError LT_REG_IMPORT_UNREADABLE: unknown, doubled or missing column */
export function readHeader(names: readonly string[], line: number): Field[] {
  const fields = names.map((name) => {
    const column = name.trim().toLowerCase()
    if (!Object.hasOwn(COLUMNS, column)) throw unreadable(line, `“${name.slice(0, 40)}”`)
    return COLUMNS[column as keyof typeof COLUMNS]
  })
  const distinct = new Set(fields)
  if (distinct.size !== fields.length || !distinct.has('code') || !distinct.has('name'))
    throw unreadable(line, 'HEADER')
  return fields
}

/** @throws BusError LT_REG_BAD_FIELD when the record has more or fewer fields than the header */
export function fieldsOfCsv(header: readonly Field[], record: readonly string[]): FileFields {
  if (record.length !== header.length) throw badField('fields', record.length)
  return new Map(header.map((field, at) => [field, unguardField(record[at] as string)]))
}

/** Reads one object of the JSON form: aliases as an array, the rest texts. @throws BusError LT_REG_BAD_FIELD */
export function fieldsOfJson(value: unknown): FileFields {
  const fields = new Map<Field, string>()
  for (const [key, given] of Object.entries(value as object)) {
    if (!FIELDS.has(key)) throw badField(key.slice(0, 40), '?')
    if (key === 'aliases') {
      if (!Array.isArray(given) || !given.every((alias) => typeof alias === 'string')) throw badField(key, given)
      fields.set(key, given.join(' '))
    } else if (given === null || typeof given === 'string') fields.set(key as Field, given ?? '')
    else throw badField(key, typeof given)
  }
  return fields
}

/** Checks one agency of a file by itself. @throws BusError LT_REG_MALFORMED_CODE, LT_REG_BAD_FIELD */
export function stageAgency(fields: FileFields, line: number): StagedAgency {
  const contact: Record<string, string | null> = {}
  for (const field of CONTACT_FIELDS) {
    const text = fields.get(field)
    if (text !== undefined) contact[field] = text
  }
  const agency = checkAgency({
    code: fields.get('code') ?? '',
    name: fields.get('name') ?? '',
    shortName: fields.get('shortName') ?? null,
    kind: fields.get('kind') ?? null,
    parentCode: fields.get('parentCode') ?? null,
    closedOn: fields.get('closedOn') ?? null,
    successorCode: fields.get('successorCode') ?? null,
    contact: contact as Record<string, string>,
    confidence: fields.get('confidence') ?? null,
    source: fields.get('source') || 'import',
  })
  for (const field of CONTACT_FIELDS) if (field in contact) contact[field] = agency.contact[field] ?? null
  const aliases = (fields.get('aliases') ?? '').split(' ').filter((alias) => alias !== '')
  if (aliases.length > MAX_ALIASES) throw badField('aliases', aliases.length)
  for (const alias of aliases) if (checkCode(alias) === agency.code) throw badField('aliases', alias)
  return { ...agency, line, contact, aliases, image: ruleImage(agency.code) ?? null, present: [...fields.keys()] }
}

/** The fields of an agency for a file, in the order of the columns; what is not known is an empty text. */
export function fieldsOfAgency(agency: AgencyDetails): Record<Field, string> {
  return {
    code: agency.code,
    name: agency.name,
    shortName: agency.shortName ?? '',
    kind: agency.kind,
    parentCode: agency.parentCode ?? '',
    closedOn: agency.closedOn ?? '',
    successorCode: agency.successorCode ?? '',
    aliases: agency.aliases.join(' '),
    telephone: agency.contact.telephone ?? '',
    email: agency.contact.email ?? '',
    address: agency.contact.address ?? '',
    website: agency.contact.website ?? '',
    confidence: agency.confidence,
    source: agency.source,
  }
}

/** Whether an error is about one agency of a file, so that the others can still be looked at. */
export const isFieldProblem = (error: unknown): error is BusError =>
  error instanceof BusError && error.code !== 'LT_REG_IMPORT_UNREADABLE'
