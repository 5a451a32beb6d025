import { SUBJECTS } from '../../../libs/model/index.ts'
import { startSweeper } from '../../../libs/pipeline/index.ts'
import { deleteOldNotices } from '../../../libs/store/index.ts'
import { openChannels } from '../notices/open-channels.ts'
import { closeLost, sendNotices } from '../notices/send-notices.ts'
import { loadTemplates } from '../notices/templates.ts'
import { clockPolicy } from './clock-rules.ts'
import type { ClockStage } from './clock-stage.ts'
import { followClocks, LOG_BATCH } from './follow-log.ts'
import { loadCalendar } from './load-calendar.ts'
import { sweepClocks } from './sweep-clocks.ts'
import { watchSilence } from './watch-silence.ts'

/** Time in which log entries gather after a step, so that one commit starts many clocks. */
const GATHER_MS = 250
/** Old notices deleted in one commit, and how often it is looked for them. */
const OLD_AT_ONCE = 1000
const OLD_IDLE_MS = 3_600_000

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
  const ages = { sentDays: config.noticeKeepDays, failedDays: config.failedNoticeKeepDays }
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
    loop('closing lost notices', () => closeLost({ pool, log }), config.noticeIdleMs),
    loop('deleting old notices', () => deleteOldNotices(pool, ages, OLD_AT_ONCE), OLD_IDLE_MS),
    // One each: a mail server that takes its time must not keep a short message waiting.
    ...[...channels].map(([name, channel]) =>
      loop(
        `sending notices by ${name}`,
        () => sendNotices({ config, log, pool, templates, name, channel, onCommitted }),
        config.noticeIdleMs,
      ),
    ),
  ]
  // Messages under way when time is up stay claimed: whoever sweeps next finds them unsure.
  const hurried = new Promise<void>((resolve) => hurry.addEventListener('abort', () => resolve(), { once: true }))
  return {
    done: Promise.race([Promise.all(loops), hurried]).then(async () => {
      await Promise.all([...channels.values()].map((channel) => channel.close()))
    }),
  }
}
