import type { ReceivedItem } from '../../libs/vxp/index.ts'
import type { Bridge } from './bridge.ts'
import { type Arrival, bringIn, failureOf } from './bring-in.ts'
import { inParallel } from './in-parallel.ts'
import { isAway } from './judge-failure.ts'

/** Pages of a list that one look turns at most. */
const MAX_PAGES = 400

/**
 * One look at what the other axis keeps for us: first what was begun before, then documents and statuses, oldest first. What fails now is
 * listed again; it holds up nothing behind it. Answers how many packets were not brought in. @throws when one side is away
 */
export async function lookUpstream(bridge: Bridge): Promise<number> {
  const seen = new Set<string>()
  let failed = 0
  const bring = async (items: readonly ReceivedItem[]): Promise<void> => {
    await inParallel(items, bridge.parallel, async (item) => {
      if (bridge.signal.aborted) return
      seen.add(item.docId)
      try {
        await bringIn(bridge, item)
      } catch (error) {
        if (isAway(error) || bridge.signal.aborted) throw error
        failed += 1
        bridge.log.warn({ docId: item.docId, ...failureOf(error) }, 'not brought in yet')
      }
    })
  }
  const begun = await Promise.all(
    (await bridge.state.names('in')).map((name) => bridge.state.read<Arrival>('in', name)),
  )
  await bring(begun.flatMap((arrival) => (arrival ? [arrival.item] : [])))
  for (const kind of ['document', 'status'] as const) await lookThrough(bridge, kind, seen, bring)
  return failed
}

/** What was brought in leaves the list, so the first page is asked for again; a page of things seen is turned over. */
async function lookThrough(
  { upstream, signal, log }: Bridge,
  kind: ReceivedItem['kind'],
  seen: ReadonlySet<string>,
  bring: (items: readonly ReceivedItem[]) => Promise<void>,
): Promise<void> {
  let turned = ''
  for (let page = 1; page <= MAX_PAGES && !signal.aborted; ) {
    const { items, unusable } = await upstream.received({ kind, page }, { signal })
    if (unusable > 0) log.warn({ unusable }, 'the other axis lists what has no id that could be used')
    const fresh = items.filter(({ docId }) => !seen.has(docId))
    await bring(fresh)
    if (fresh.length > 0) {
      page = 1
      turned = ''
      continue
    }
    const shown = items.map(({ docId }) => docId).join()
    // An axis that knows no pages shows the first one for ever.
    if (items.length === 0 || shown === turned) return
    turned = shown
    page += 1
  }
}
