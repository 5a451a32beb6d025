import type { Reply } from './read-reply.ts'
import { unreadable } from './read-reply.ts'

/** Something the other axis keeps for us. */
export interface ReceivedItem {
  readonly docId: string
  readonly kind: 'document' | 'status'
  /** Codes as they are written over there. */
  readonly from: string
  readonly to: string
}

/** One receiver of something we sent. */
export interface SentItem {
  /** Where it says; some lists mix both. */
  readonly kind?: 'document' | 'status'
  /** What `sendEdoc` answered. */
  readonly docId: string
  readonly from: string
  readonly to: string
  readonly title: string
  /** `number/notation`. */
  readonly notation: string
  /** As it is written, `yyyy/MM/dd HH:mm:ss`; may be empty. */
  readonly sentTime: string
}

/** An agency as the other axis's directory has it. */
export interface UpstreamAgency {
  readonly code: string
  readonly name: string
  readonly parentCode: string
  readonly mail: string
}

/** An id that can name a file and be sent in a header. */
const DOC_ID = /^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/
const MAX_TEXT = 1_000

export function listOf(reply: Reply): readonly Readonly<Record<string, unknown>>[] {
  const { data } = reply
  if (data === undefined || data === null) return []
  if (!Array.isArray(data)) throw unreadable(200, 'data')
  return data.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null)
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value.trim().slice(0, MAX_TEXT) : typeof value === 'number' ? String(value) : ''

/** Items whose id cannot be used are left out, and counted. */
export function receivedItems(reply: Reply, kind: ReceivedItem['kind']): { items: ReceivedItem[]; unusable: number } {
  const all = listOf(reply)
  const items = all.flatMap((item): ReceivedItem[] => {
    const docId = text(item.docId)
    return DOC_ID.test(docId) ? [{ docId, kind, from: text(item.from), to: text(item.to) }] : []
  })
  return { items, unusable: all.length - items.length }
}

/** Axes of different age use one or the other family of names. */
export function sentItems(reply: Reply): SentItem[] {
  return listOf(reply).map((item) => ({
    ...kindOf(text(item.messageType)),
    docId: text(item.senderDocId) || text(item.docId),
    from: text(item.fromCode) || text(item.from),
    to: text(item.toCode) || text(item.to),
    title: text(item.title),
    notation: text(item.notation),
    sentTime: text(item.sentTime) || text(item.created_time),
  }))
}

export function upstreamAgencies(reply: Reply): UpstreamAgency[] {
  return listOf(reply).map(({ code, name, pid, mail }) => ({
    code: text(code),
    name: text(name),
    parentCode: text(pid),
    mail: text(mail),
  }))
}

/** The id of something that was sent; `""` and `"0"` are read as a failure by clients of today's axis. */
export function sentDocId(reply: Reply): string {
  const docId = text(reply.DocId)
  if (!DOC_ID.test(docId) || docId === '0') throw unreadable(200, 'DocId')
  return docId
}

function kindOf(messageType: string): Pick<SentItem, 'kind'> {
  const said = messageType.toLowerCase()
  return said === 'edoc' ? { kind: 'document' } : said === 'status' ? { kind: 'status' } : {}
}
