import { SUBJECTS } from '../../../libs/model/index.ts'
import { startSweeper } from '../../../libs/pipeline/index.ts'
import { openChannels } from '../notices/open-channels.ts'
import { type NoticeStage, sendNotices } from '../notices/send-notices.ts'
import { loadTemplates } from '../notices/templates.ts'
import { clockPolicy } from './clock-rules.ts'
import type { ClockStage } from './clock-stage.ts'
import { followClocks, LOG_BATCH } from './follow-log.ts'
import { loadCalendar } from './load-calendar.ts'
import { sweepClocks } from './sweep-clocks.ts'
import { watchSilence } from './watch-silence.ts'

/** Time in which log entries gather after a step, so that one commit starts many clocks. */
const GATHER_MS = 250

/**
 * Runs the clocks and sends notices until `signal`; any number of processes side by side. Messages under way are finished until
 * `hurry`. Resolves once everything stands:
 * settings, calendar and texts that are wrong stop the service from starting.
 * @throws BusError LT_CONF_INVALID, LT_CONF_FILE_UNREADABLE
 */
export async function runClocks(
  stage: Omit<ClockStage, 'policy'>,
  { signal, hurry }: { readonly signal: AbortSignal; readonly hurry: AbortSignal },
): Promise<{ readonly done: Promise<void> }> {
  const { config, log, pool } = stage
  const { calendar } = await loadCalendar(config.holidaysFile)
  const templates = await loadTemplates(config.noticeTemplatesFile)
  const channels = await openChannels(config)
  const full: ClockStage = { ...stage, policy: clockPolicy(config, calendar) }
  const onCommitted = (): void => void stage.bus.publish(SUBJECTS.auditPending)
  const notices = { config, log, pool, templates, onCommitted }
  const names = Object.keys(channels) as (keyof typeof channels)[]
  const loop = (what: string, sweep: () => Promise<number>, idleMs: number, fullBatch?: number): Promise<void> =>
    startSweeper({
      sweep,
      idleMs,
      ...(fullBatch === undefined ? {} : { gather: { ms: GATHER_MS, fullBatch } }),
      signal,
      onError: (error) => log.warn({ err: error }, `${what} failed`),
    }).done
  const loops = [
    loop('following the log for clocks', () => followClocks(full), config.clockIdleMs, LOG_BATCH),
    loop('sweeping clocks', () => sweepClocks(full), config.clockIdleMs),
    loop('looking for silent systems', () => watchSilence(full), config.clockIdleMs),
    // One each: a mail server that takes its time must not keep a short message waiting.
    ...(names.length > 0 ? names : [undefined]).map((name) =>
      loop('sending notices', () => sendNotices({ ...notices, channels: only(channels, name) }), config.noticeIdleMs),
    ),
  ]
  // Messages under way when time is up stay claimed: whoever sweeps next finds them unsure.
  const hurried = new Promise<void>((resolve) => hurry.addEventListener('abort', () => resolve(), { once: true }))
  return {
    done: Promise.race([Promise.all(loops), hurried]).then(async () => {
      await Promise.all(Object.values(channels).map((channel) => channel.close()))
    }),
  }
}

function only(
  channels: NoticeStage['channels'],
  name: keyof NoticeStage['channels'] | undefined,
): NoticeStage['channels'] {
  const channel = name && channels[name]
  return channel ? { [name]: channel } : {}
}
