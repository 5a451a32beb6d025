import { findProbe } from '../../libs/store/index.ts'
import { attemptProbe, pushTimeoutMs } from './attempt-delivery.ts'
import { type PushSystem, pushEndpoint } from './choose-system.ts'
import type { Endpoint } from './keep-breakers.ts'
import type { Stage } from './stage.ts'

/** Tries broken endpoints by single pushes, each when its time has come. */
export interface Prober {
  /** Looks once; what it begins goes on by itself. Answers how many probes were begun. */
  look(): Promise<number>
  /** Waits for those under way. */
  drain(): Promise<void>
}

export function openProber(stage: Stage): Prober {
  const underWay = new Map<string, Promise<void>>()

  /** Where a broken endpoint is a system's no longer, what is known of it is forgotten. */
  async function systemOf(tripped: Omit<Endpoint, 'systemCode'>): Promise<PushSystem | undefined> {
    const system = stage.registry.system(tripped.systemId)
    const pushUrl = system?.delivery === 'push' ? system.pushUrl : null
    const url = tripped.purpose === 'push' ? pushUrl : system?.hookUrl
    if (system && url !== tripped.url) await stage.breakers.forget({ ...tripped, systemCode: system.code })
    const pushes = tripped.purpose === 'push' && system?.suspendedAt === null
    return pushes && url === tripped.url ? { ...system, pushUrl: tripped.url } : undefined
  }

  async function probe(system: PushSystem): Promise<boolean> {
    const waiting = await findProbe(stage.pool, stage.registry.agenciesOf(system.code))
    if (!waiting) return false
    const endpoint = pushEndpoint(system)
    const lastsMs = pushTimeoutMs(stage, waiting.content_size) + stage.config.attemptGraceMs
    if (!(await stage.breakers.tryProbe(endpoint, lastsMs))) return false
    const done = (async () => {
      let attempted = false
      try {
        attempted = await attemptProbe(stage, waiting.id, endpoint)
      } catch (error) {
        stage.log.warn({ err: error, consignmentId: waiting.id }, 'a probe could not be made or ended')
      }
      if (!attempted) await stage.breakers.note(endpoint, { kind: 'unknown', probe: true }, null)
      underWay.delete(system.id)
    })()
    underWay.set(system.id, done)
    return true
  }

  return {
    async look() {
      await stage.breakers.refresh()
      const begun = await Promise.all(
        stage.breakers.tripped.map(async (tripped) => {
          const system = underWay.has(tripped.systemId) ? undefined : await systemOf(tripped)
          return system !== undefined && (await probe(system))
        }),
      )
      return begun.filter(Boolean).length
    },
    drain: async () => void (await Promise.all(underWay.values())),
  }
}
