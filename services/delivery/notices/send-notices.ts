import { setTimeout as sleep } from 'node:timers/promises'
import { EVENTS, groupBy } from '../../../libs/model/index.ts'
import { sealEntry } from '../../../libs/pipeline/index.ts'
import { defineEvent, type Logger, sabotaged } from '../../../libs/runtime/index.ts'
import {
  type ClaimedNotice,
  claimNotices,
  closeLostClaims,
  endMessage,
  type MessageEnd,
  type Pool,
} from '../../../libs/store/index.ts'
import type { DeliveryConfig } from '../config.ts'
import type { Channel, ChannelName, SendOutcome } from './channel.ts'
import { composeMail, composeShort } from './compose-message.ts'
import type { NoticeTemplates } from './templates.ts'

/** What sending through one channel works with. */
export interface NoticeStage {
  readonly config: DeliveryConfig
  readonly log: Logger
  readonly pool: Pool
  readonly templates: NoticeTemplates
  readonly name: ChannelName
  readonly channel: Channel
  /** Told after each commit that wrote entries. */
  readonly onCommitted: () => void
}

const MESSAGES_AT_ONCE = 8
const NOTICES_PER_MESSAGE = 500
/** Time beside the network's: composing, and the commit of the end. */
const GRACE_MS = 5_000
const MAX_RETRY_MS = 3_600_000
const END_PAUSE_MS = 250

const messageEnded = defineEvent({
  name: 'notice_message_ended',
  text: 'a message with notices ended',
  labels: ['mode', 'state', 'code'],
})
const claimsLost = defineEvent({
  name: 'notice_claim_lost',
  text: 'a process ended while it was sending notices; they are not repeated',
  level: 'warn',
})

/** Claims whose process is gone are not repeated. Answers how many there were. */
export async function closeLost({ pool, log }: Pick<NoticeStage, 'pool' | 'log'>): Promise<number> {
  const afterwards = sabotaged('notice-sent-twice') ? 'WAITING' : 'UNSURE'
  const lost = await closeLostClaims(pool, 'LT_NTC_INTERRUPTED', afterwards)
  if (lost > 0) claimsLost(log, { count: lost })
  return lost
}

/** Sends what is due through one channel: claimed and committed first, then sent, once. Answers how many notices there were. */
export async function sendNotices(stage: NoticeStage): Promise<number> {
  const claimed = await claimNotices(stage.pool, {
    channels: [stage.name],
    messages: MESSAGES_AT_ONCE,
    perMessage: NOTICES_PER_MESSAGE,
    perHour: stage.config.noticesPerHour,
    deadlineMs: stage.channel.longestMs + GRACE_MS,
  })
  await Promise.all([...groupBy(claimed, ({ claim_id }) => claim_id).values()].map((each) => sendOne(stage, each)))
  return claimed.length
}

async function sendOne(stage: NoticeStage, notices: readonly ClaimedNotice[]): Promise<void> {
  const [first] = notices as [ClaimedNotice]
  const compose = stage.name === 'mail' ? composeMail : composeShort
  const outcome = await stage.channel.send(compose(notices, stage.templates))
  await commitEnd(stage, first, endOf(first, outcome, stage.config), outcome.state === 'SENT' ? entriesOf(notices) : [])
  messageEnded(stage.log, {
    mode: stage.name,
    state: outcome.state,
    code: outcome.state === 'SENT' ? '' : outcome.code,
    count: notices.length,
    ...(outcome.state === 'SENT' ? {} : { reason: outcome.reason }),
  })
}

function endOf(first: ClaimedNotice, outcome: SendOutcome, config: DeliveryConfig): MessageEnd {
  const unsure = outcome.state === 'UNSURE' && sabotaged('notice-sent-twice')
  const state = unsure ? 'WAITING' : outcome.state
  const pause = Math.min(MAX_RETRY_MS, config.noticeRetryMs * 2 ** Math.min(first.attempts - 1, 20))
  return {
    claimId: first.claim_id,
    state,
    retryMs: state === 'WAITING' ? pause : null,
    code: outcome.state === 'SENT' ? null : outcome.code,
    maxAttempts: config.noticeAttempts,
  }
}

/** That somebody was told of a document is a fact of its way (ETSI EN 319 522-3); where to is nobody's business. */
function entriesOf(notices: readonly ClaimedNotice[]): ({ owner: string } & object)[] {
  const at = new Date()
  return notices
    .filter(({ dispatch_id }) => dispatch_id !== null)
    .map(({ id, kind, channel, agency_code, dispatch_id, consignment_id }) => ({
      owner: id,
      ...sealEntry(
        {
          event: EVENTS.notified,
          dispatchId: dispatch_id as string,
          ...(consignment_id === null ? {} : { consignmentId: consignment_id }),
          details: { agency: agency_code, notice: kind, channel },
        },
        at,
      ),
    }))
}

/** What is known must not be forgotten because the database was away for a moment: tried until the claim's own deadline. */
async function commitEnd(
  stage: NoticeStage,
  { claim_id }: ClaimedNotice,
  end: MessageEnd,
  entries: readonly ({ owner: string } & object)[],
): Promise<void> {
  const until = performance.now() + GRACE_MS
  for (;;) {
    try {
      await endMessage(stage.pool, end, entries)
      if (entries.length > 0) stage.onCommitted()
      return
    } catch (error) {
      if (performance.now() > until) {
        stage.log.warn(
          { err: error, batchId: claim_id },
          'the end of a message could not be written: it counts as unsure',
        )
        return
      }
      await sleep(END_PAUSE_MS)
    }
  }
}
