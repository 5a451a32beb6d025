import { EVENTS, SUBJECTS } from '../../../libs/model/index.ts'
import { sealEntry } from '../../../libs/pipeline/index.ts'
import { defineEvent } from '../../../libs/runtime/index.ts'
import { changeSilence, findSilenceChanges, type SilenceChange } from '../../../libs/store/index.ts'
import { draftNotices } from '../notices/draft-notices.ts'
import { createContactFinder } from '../notices/find-contact.ts'
import type { ClockStage } from './clock-stage.ts'
import { shownInstant } from './shown-date.ts'

const silenceChanged = defineEvent({
  name: 'system_silence_changed',
  text: 'a system fell silent or is back',
  level: 'warn',
  labels: ['action'],
})

/**
 * Tells the operators of systems that fetch and stopped calling, and when they are back; each once, whichever process saw it.
 * Answers how many changed.
 */
export async function watchSilence(stage: ClockStage): Promise<number> {
  const { silentAfterMs, operatorMail } = stage.config
  if (silentAfterMs === 0) return 0
  const changes = await findSilenceChanges(stage.pool, silentAfterMs)
  if (changes.length === 0) return 0
  const { operators } = createContactFinder(stage.registry, operatorMail)
  const at = new Date()
  const notices = changes.flatMap((change) =>
    draftNotices(
      {
        owner: change.id,
        kind: change.back_at === null ? 'system-silent' : 'system-back',
        contact: operators,
        about: `${change.id}:${change.since.getTime()}`,
        facts: factsOf(change),
      },
      stage.config,
    ),
  )
  const entries = changes.map((change) => ({
    owner: change.id,
    ...sealEntry(
      {
        event: change.back_at === null ? EVENTS.systemSilent : EVENTS.systemBack,
        details: { system: change.code, since: change.since.toISOString() },
      },
      at,
    ),
  }))
  const moved = await changeSilence(stage.pool, changes, notices, entries)
  for (const { id, back_at } of changes)
    if (moved.has(id)) silenceChanged(stage.log, { systemId: id, action: back_at === null ? 'silent' : 'back' })
  if (moved.size > 0) stage.bus.publish(SUBJECTS.auditPending)
  return moved.size
}

function factsOf({ code, since, back_at }: SilenceChange): { system: string; since: string; deadline?: string } {
  return {
    system: code,
    since: shownInstant(since),
    ...(back_at === null ? {} : { deadline: shownInstant(back_at) }),
  }
}
