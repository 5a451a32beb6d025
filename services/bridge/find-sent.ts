import { wireTimestamp } from '../../libs/envelope/index.ts'
import { normalizeCode, oldToNew } from '../../libs/model/index.ts'
import type { SentItem } from '../../libs/vxp/index.ts'
import type { Bridge } from './bridge.ts'
import type { Lot, OutwardBatch } from './outward-batch.ts'
import type { SentIds } from './sent-ids.ts'

/** So far the clock of the other axis may be from ours. */
const SKEW_MS = 3_600_000
const MAX_PAGES = 200

/** As many items within one second may mean that a page was full of them. */
const CROWD = 100

/** `unclear`: of some second the list may not have shown everything. */
export type Found = { readonly docId: string } | 'not-sent' | 'unclear'

/**
 * Looks whether the other axis took what was sent with an unknown outcome: something in its list of ours, from the same sender to one of
 * these receivers, that is not one we know of. A sender's packets are sent one after the other, so there is one at most.
 * @throws what the call throws
 */
export async function findSent(bridge: Bridge, batch: OutwardBatch, lot: Lot, known: SentIds): Promise<Found> {
  const from = Date.parse(lot.attemptAt ?? '') - SKEW_MS
  let until = Date.now() + SKEW_MS
  let hidden = false
  for (let page = 0; page < MAX_PAGES; page++) {
    const items = await bridge.upstream.sent(
      { kind: batch.kind, from: asAsked(from), until: asAsked(until) },
      { signal: bridge.signal },
    )
    const match = items.find((item) => {
      const time = timeOf(item.sentTime)
      return isThis(item, batch, lot) && !(time < from) && !known.has(item.docId)
    })
    if (match) return { docId: match.docId }
    const oldest = Math.min(...items.map(({ sentTime }) => timeOf(sentTime)).filter((time) => !Number.isNaN(time)))
    if (!Number.isFinite(oldest) || oldest < from) break
    // Newest first: what did not fit on this page is of that second, or older.
    const next = oldest + 1000
    if (next < until) {
      until = next
      continue
    }
    hidden ||= items.length >= CROWD
    until = oldest
  }
  return hidden ? 'unclear' : 'not-sent'
}

function isThis(item: SentItem, { kind, sender, notation, title }: OutwardBatch, { recipients }: Lot): boolean {
  const unlike = (shown: string, ours: string): boolean => shown !== '' && ours !== '' && shown.trim() !== ours.trim()
  return (
    item.docId !== '' &&
    (item.kind ?? kind) === kind &&
    sameAgency(item.from, sender) &&
    recipients.some(({ code }) => sameAgency(code, item.to)) &&
    !unlike(item.notation, notation) &&
    !unlike(item.title, title)
  )
}

/** Old and new spelling of a code. */
const sameAgency = (a: string, b: string): boolean => canonical(a) === canonical(b)
const canonical = (code: string): string => oldToNew(normalizeCode(code)) ?? normalizeCode(code)

/** `yyyy/MM/dd HH:mm:ss` in Asia/Ho_Chi_Minh. */
function timeOf(text: string): number {
  const match = /^(\d{4})[/-](\d\d)[/-](\d\d)[ T](\d\d:\d\d:\d\d)/.exec(text)
  return match ? Date.parse(`${match[1]}-${match[2]}-${match[3]}T${match[4]}+07:00`) : Number.NaN
}

/** Lists write `yyyy/MM/dd`, questions are asked with `dd/MM/yyyy`. */
const asAsked = (time: number): string =>
  wireTimestamp(new Date(time)).replace(/^(\d{4})\/(\d\d)\/(\d\d)/, (_, year, month, day) => `${day}/${month}/${year}`)
