import { BusError } from '../errors/index.ts'
import { type AgencyCode, codeStructure } from '../model/index.ts'
import type { Contact } from '../store/index.ts'

export const MAX_NAME = 500
export const CONTACT_FIELDS = ['telephone', 'email', 'address', 'website'] as const

const DATE = /^[12]\d{3}-\d{2}-\d{2}$/

/** What a field may not be: shown shortened, so that a hostile value does not fill a log. */
export const badField = (field: string, value: unknown): BusError =>
  new BusError('LT_REG_BAD_FIELD', { field, value: String(value).slice(0, 60) })

/** One line of text as it is stored: NFC, trimmed, no control characters. @throws BusError LT_REG_BAD_FIELD */
export function checkText(field: string, value: string, max: number): string {
  const text = value.normalize('NFC').trim()
  if (text === '' || text.length > max || /\p{Cc}/u.test(text)) throw badField(field, value)
  return text
}

/** Like `checkText`, where nothing and an empty text mean: not given. */
export const checkOptionalText = (field: string, value: string | null | undefined, max: number): string | null =>
  value == null || value.trim() === '' ? null : checkText(field, value, max)

/** A code that can be a canonical one. @throws BusError LT_REG_MALFORMED_CODE */
export function checkCode(code: string): AgencyCode {
  if (code.length > 35 || codeStructure(code) === undefined)
    throw new BusError('LT_REG_MALFORMED_CODE', { code: code.slice(0, 64) })
  return code as AgencyCode
}

/** A calendar date `yyyy-MM-dd`. @throws BusError LT_REG_BAD_FIELD */
export function checkDate(field: string, value: string): string {
  const time = DATE.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== value) throw badField(field, value)
  return value
}

/** One of a closed list. @throws BusError LT_REG_BAD_FIELD */
export function checkChoice<T extends string>(field: string, value: string, choices: readonly T[]): T {
  if (!(choices as readonly string[]).includes(value)) throw badField(field, value)
  return value as T
}

/** @throws BusError LT_REG_BAD_FIELD */
export function checkContact(contact: Contact): Contact {
  const checked: Record<string, string> = {}
  // The post is no column of the shared directory: an import neither brings nor takes it.
  for (const field of [...CONTACT_FIELDS, 'post'] as const) {
    const text = checkOptionalText(field, contact[field], MAX_NAME)
    if (text !== null) checked[field] = text
  }
  return checked
}
