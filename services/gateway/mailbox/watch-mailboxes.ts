import type { Bus } from '../../../libs/bus/index.ts'
import { subjectTokens } from '../../../libs/model/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'

/** Someone who waits for consignments of the agencies a system receives for. */
export interface Watcher {
  readonly systemCode: string
  /** Something may be there: look. `agency` is absent when all of them should be looked at. */
  wake(agency?: string): void
  /** Something was leased for so long: look again when that lease ends. */
  leased(forMs: number): void
}

export interface MailboxWatch {
  add(watcher: Watcher): () => void
  /** Tells the watchers of a system in this process of a new lease; those of other processes find it when they look next. */
  leased(systemCode: string, forMs: number): void
  readonly size: number
}

const PREFIX = 'lt.consignment.available.'

/**
 * Wakes waiting mailboxes. One subscription serves the whole process; which system an agency belongs to is asked of the
 * registry at that moment, so a change of system takes effect at once. A reconnect to NATS wakes everyone.
 * @param onReopened told of an id that a wake-up carries, before anybody looks: it came back and may be older than all that is open
 */
export function watchMailboxes(
  bus: Bus,
  registry: Registry,
  onReopened: (id: string) => void = () => undefined,
): MailboxWatch {
  const bySystem = new Map<string, Set<Watcher>>()
  /** Made when first needed, made again when the registry or the watching systems change; absent until then. */
  let tokens: { readonly version: number; readonly agencies: ReadonlyMap<string, ReadonlySet<string>> } | undefined

  /** The agencies that subject tokens may mean, of those somebody waits for: codes that differ in marks alone share them. */
  function agenciesBehind(subject: string): Iterable<string> {
    const written = subject.slice(PREFIX.length)
    if (!written.startsWith('X.')) return [written]
    if (tokens?.version !== registry.version) tokens = { version: registry.version, agencies: groupByTokens() }
    return tokens.agencies.get(written) ?? []
  }

  function groupByTokens(): Map<string, Set<string>> {
    const agencies = new Map<string, Set<string>>()
    for (const systemCode of bySystem.keys()) {
      for (const code of registry.agenciesOf(systemCode)) {
        const own = subjectTokens(code)
        if (own.startsWith('X.')) agencies.set(own, (agencies.get(own) ?? new Set()).add(code))
      }
    }
    return agencies
  }

  bus.subscribe(`${PREFIX}>`, (subject, data) => {
    if (data.length > 0) onReopened(Buffer.from(data).toString())
    for (const agency of agenciesBehind(subject)) {
      const system = registry.receivingSystem(agency)?.system.code
      if (system === undefined) continue
      for (const watcher of bySystem.get(system) ?? []) watcher.wake(agency)
    }
  })
  bus.onReconnect(() => {
    for (const watchers of bySystem.values()) for (const watcher of watchers) watcher.wake()
  })
  return {
    get size() {
      let count = 0
      for (const watchers of bySystem.values()) count += watchers.size
      return count
    },
    leased(systemCode, forMs) {
      for (const watcher of bySystem.get(systemCode) ?? []) watcher.leased(forMs)
    },
    add(watcher) {
      const own = bySystem.get(watcher.systemCode) ?? new Set()
      own.add(watcher)
      bySystem.set(watcher.systemCode, own)
      tokens = undefined
      return () => {
        own.delete(watcher)
        if (own.size === 0) bySystem.delete(watcher.systemCode)
      }
    },
  }
}
