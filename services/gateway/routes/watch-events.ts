import { type HttpServer, openEventStream } from '../../../libs/http/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { hasFreeConsignment, nextLeaseEndMs } from '../../../libs/store/index.ts'
import { callerOf } from '../auth/caller.ts'
import { stillHolds } from '../auth/still-holds.ts'
import type { Gateway } from '../gateway.ts'
import { collectNotices } from '../mailbox/collect-notices.ts'
import { createStreamPlaces } from './stream-places.ts'

const HEARTBEAT_MS = 15_000
const RETRY_MS = 2_000
/** Looks after a reconnect are spread over so long. */
const RECONNECT_SPREAD_MS = 3_000
const CREDENTIAL_CHECK_MS = 500
/** For all workers of one system at one process; one stream is enough for all its agencies. */
const MAX_STREAMS = 64
/** A lost wake-up delays by so much at most. */
const LOOK_AGAIN_MS = 30_000

const EVENTS = {
  description: 'Events `mailbox` and `dispatch`; comment lines keep the line alive',
  content: { 'text/event-stream': { schema: Type.String() } },
}

/**
 * GET /v1/events: server-sent events. `mailbox`: something can be leased now. `dispatch`: the evidence of these dispatches grew.
 * Events are hints without content: what they are about is read through the other routes. A stream ends with the token or client
 * certificate it was opened with; the reader connects again.
 */
export function registerWatchEvents(server: HttpServer, gateway: Gateway): void {
  const places = createStreamPlaces(MAX_STREAMS)
  server.get(
    '/v1/events',
    {
      config: { openApi: { answers: { 200: EVENTS } } },
      schema: { operationId: 'watchEvents', summary: 'Live notices (text/event-stream)' },
    },
    (request, reply) => {
      const caller = callerOf(request)
      const { systemId, systemCode } = caller
      const options = { heartbeatMs: HEARTBEAT_MS, retryMs: RETRY_MS }
      const stream = places.hold(systemCode, () => openEventStream(reply, options))
      let count = 0
      const send = (event: string, data: object): boolean => stream.send(event, String(++count), data)
      const notices = collectNotices(send)
      const agencies = (): readonly string[] => gateway.registry.agenciesOf(systemCode)
      let timer: NodeJS.Timeout | undefined
      let due = Number.POSITIVE_INFINITY
      let ended = false

      /** Says so when something is free, and comes back when the next lease ends. */
      async function look(): Promise<void> {
        clearTimeout(timer)
        due = Number.POSITIVE_INFINITY
        // One that listens with its certificate may not call for days, and is not silent.
        gateway.seen.notePoll(systemId)
        try {
          const floor = gateway.mailboxFloor()
          if (await hasFreeConsignment(gateway.pool, agencies(), { floor })) send('mailbox', { open: true })
          const lease = await nextLeaseEndMs(gateway.pool, agencies(), { floor })
          plan(Math.min(LOOK_AGAIN_MS, Math.max(100, (lease ?? LOOK_AGAIN_MS) + 50)))
        } catch (error) {
          gateway.log.debug({ err: error }, 'a mailbox could not be looked at')
          plan(RETRY_MS)
        }
      }
      /** Looks again at the latest then; a lease that was given while a look was under way may have planned an earlier one. */
      function plan(afterMs: number): void {
        const at = performance.now() + afterMs
        if (ended || at >= due) return
        clearTimeout(timer)
        due = at
        timer = setTimeout(() => void look(), afterMs)
      }

      const stops = [
        gateway.mailboxes.add({
          systemCode,
          wake: (agency) => {
            // After a reconnect all streams would look at once.
            if (agency === undefined) plan(Math.random() * RECONNECT_SPREAD_MS)
            else notices.mailbox(agency)
          },
          leased: (forMs) => plan(forMs + 50),
        }),
        gateway.notices.add(systemId, (dispatches) => notices.dispatches(dispatches)),
        () => notices.stop(),
      ]
      void look()
      void stream.closed.then(() => {
        ended = true
        clearTimeout(timer)
        for (const stop of stops) stop()
      })
      // A caller that was suspended meanwhile, or whose credentials ended, hears nothing more.
      const check = setInterval(() => {
        if (!stillHolds(gateway.registry, caller, new Date())) stream.close()
      }, CREDENTIAL_CHECK_MS)
      void stream.closed.then(() => clearInterval(check))
      return reply
    },
  )
}
