import { isIP } from 'node:net'
import { DIALECT_PARTS } from '../envelope/index.ts'
import { BusError } from '../errors/index.ts'
import { newSystemId } from '../model/index.ts'
import {
  type Contact,
  insertSystem,
  type Queryable,
  readSystem,
  type SystemKind,
  type SystemRow,
  type SystemSettings,
  updateSystem,
} from '../store/index.ts'
import { badField, checkChoice, checkContact, checkText, MAX_NAME } from './check-fields.ts'
import { guardWrite } from './guard-write.ts'

const CODE = /^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/

/** A system as an operator states it. Left out: pull, signatures required, duplicates warned about, strict, real traffic. */
export interface SystemInput extends Partial<Omit<SystemSettings, 'name'>> {
  /** Its client id: letters, digits, `.`, `_` and `-`, at most 64. */
  readonly code: string
  readonly name: string
  /** `vxp-upstream`: another axis; its packets are put up with, their signatures reported, unless told. `native` unless told. */
  readonly kind?: SystemKind
}

const DEFAULTS: Omit<SystemSettings, 'name'> = {
  delivery: 'pull',
  signaturePolicy: 'required',
  duplicatePolicy: 'warn',
  tolerance: 'strict',
  traffic: 'real',
  pushUrl: null,
  pushConcurrency: null,
  pushPerMinute: null,
  pushTtlMinutes: null,
  hookUrl: null,
  hookReceipts: false,
  doorNetworks: ['127.0.0.0/8', '::1/128'],
  doorConnections: 64,
  doorSubtrees: [],
  doorDialect: [],
  contact: {} as Contact,
}

/** Another axis has written its packets anew, or let through what we would not. */
const OF_ANOTHER_AXIS = { signaturePolicy: 'report', tolerance: 'tolerant' } as const

function checkSettings(settings: SystemSettings): SystemSettings {
  if (settings.pushUrl !== null) checkUrl('pushUrl', settings.pushUrl)
  else if (settings.delivery === 'push') throw badField('pushUrl', '')
  if (settings.hookUrl !== null) checkUrl('hookUrl', settings.hookUrl)
  return {
    name: checkText('name', settings.name, MAX_NAME),
    delivery: checkChoice('delivery', settings.delivery, ['pull', 'push']),
    signaturePolicy: checkChoice('signaturePolicy', settings.signaturePolicy, ['off', 'report', 'required']),
    duplicatePolicy: checkChoice('duplicatePolicy', settings.duplicatePolicy, ['warn', 'refuse']),
    tolerance: checkChoice('tolerance', settings.tolerance, ['strict', 'tolerant']),
    traffic: checkChoice('traffic', settings.traffic, ['real', 'test', 'shadow']),
    pushUrl: settings.pushUrl,
    pushConcurrency: checkBound('pushConcurrency', settings.pushConcurrency, 1000),
    pushPerMinute: checkBound('pushPerMinute', settings.pushPerMinute, 1_000_000),
    pushTtlMinutes: checkBound('pushTtlMinutes', settings.pushTtlMinutes, 525_600),
    hookUrl: settings.hookUrl,
    hookReceipts: settings.hookReceipts,
    doorNetworks: settings.doorNetworks.map(checkNetwork),
    doorConnections: checkBound('doorConnections', settings.doorConnections, 10_000) ?? 64,
    doorSubtrees: settings.doorSubtrees.map((code) => checkText('doorSubtrees', code, 35)),
    doorDialect: settings.doorDialect.map((part) => checkChoice('doorDialect', part, DIALECT_PARTS)),
    contact: checkContact(settings.contact),
  }
}

function checkBound(field: string, value: number | null, most: number): number | null {
  if (value !== null && !(Number.isInteger(value) && value >= 1 && value <= most)) throw badField(field, value)
  return value
}

/** A network as `ADDRESS/BITS`; an address alone is that one machine. */
function checkNetwork(network: string): string {
  const [address = '', bits, ...rest] = network.split('/')
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  const given = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  if (version === 0 || rest.length > 0 || !(given <= most)) throw badField('doorNetworks', network.slice(0, 64))
  return `${address}/${given}`
}

function checkUrl(field: string, value: string): void {
  const url = value.length <= 2_000 && URL.canParse(value) ? new URL(value) : undefined
  const plain = url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.hash === ''
  if (!plain) throw badField(field, value)
}

/** Adds a system. @throws BusError LT_REG_CODE_TAKEN, LT_REG_BAD_FIELD */
export function addSystem(database: Queryable, { code, kind = 'native', ...input }: SystemInput): Promise<SystemRow> {
  return guardWrite(async () => {
    if (!CODE.test(code)) throw badField('code', code)
    const settings = checkSettings({ ...DEFAULTS, ...(kind === 'vxp-upstream' ? OF_ANOTHER_AXIS : {}), ...input })
    const row = await insertSystem(database, { ...settings, id: newSystemId(), code, kind })
    if (!row) throw new BusError('LT_REG_CODE_TAKEN', { code, owner: code })
    return row
  })
}

/** Sets the settings that are given and leaves the others. @throws BusError LT_REG_UNKNOWN_SYSTEM, LT_REG_BAD_FIELD */
export function changeSystem(database: Queryable, code: string, changes: Partial<SystemSettings>): Promise<SystemRow> {
  return guardWrite(async () => {
    const before = await readSystem(database, code)
    const row = before && (await updateSystem(database, code, checkSettings({ ...before, ...changes })))
    return known(row, code)
  })
}

function known(row: SystemRow | undefined, code: string): SystemRow {
  if (!row) throw new BusError('LT_REG_UNKNOWN_SYSTEM', { system: code.slice(0, 64) })
  return row
}
