import { randomFillSync } from 'node:crypto'

declare const brand: unique symbol
type Branded<B extends string> = string & { readonly [brand]: B }

export type DispatchId = Branded<'DispatchId'>
export type ConsignmentId = Branded<'ConsignmentId'>
export type EntryId = Branded<'EntryId'>
export type ReceiptId = Branded<'ReceiptId'>
export type SystemId = Branded<'SystemId'>

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const random = Buffer.alloc(4096)
let used = random.length

/**
 * A UUID version 7 (RFC 9562 5.7) in lower case, its first 48 bits `timeMs`.
 * Ids made in one millisecond are not ordered among themselves.
 */
export function uuidv7(timeMs: number = Date.now()): string {
  if (used + 10 > random.length) {
    randomFillSync(random)
    used = 0
  }
  const tail = random.subarray(used, used + 10)
  used += 10
  tail[0] = 0x70 | ((tail[0] as number) & 0x0f)
  tail[2] = 0x80 | ((tail[2] as number) & 0x3f)
  const hex = timeMs.toString(16).padStart(12, '0') + tail.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

export const newDispatchId = (timeMs?: number): DispatchId => uuidv7(timeMs) as DispatchId
export const newConsignmentId = (timeMs?: number): ConsignmentId => uuidv7(timeMs) as ConsignmentId
export const newEntryId = (timeMs?: number): EntryId => uuidv7(timeMs) as EntryId
export const newReceiptId = (timeMs?: number): ReceiptId => uuidv7(timeMs) as ReceiptId
export const newSystemId = (timeMs?: number): SystemId => uuidv7(timeMs) as SystemId
export const newNoticeId = (timeMs?: number): string => uuidv7(timeMs)

/** The time a UUIDv7 was made, in milliseconds since 1970. */
export function uuidTimeMs(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** Whether `value` is written as a UUID in lower case: the only form the axis issues and accepts. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value)
}
