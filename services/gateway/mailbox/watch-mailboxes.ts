import type { Bus } from '../../../libs/bus/index.ts'
import { subjectTokens } from '../../../libs/model/index.ts'
import type { Registry } from '../../../libs/registry/index.ts'

/** Someone who waits for consignments of the agencies a system receives for. */
export interface Watcher {
  readonly systemCode: string
  /** Something may be there: look. `agency` is absent when all of them should be looked at. */
  wake(agency?: string): void
}

export interface MailboxWatch {
  add(watcher: Watcher): () => void
  readonly size: number
}

const PREFIX = 'lt.consignment.available.'

/**
 * Wakes waiting mailboxes. One subscription serves the whole process; which system an agency belongs to is asked of the
 * registry at that moment, so a change of system takes effect at once. A reconnect to NATS wakes everyone.
 */
export function watchMailboxes(bus: Bus, registry: Registry): MailboxWatch {
  const bySystem = new Map<string, Set<Watcher>>()
  let tokens = { version: -1, agencies: new Map<string, string>() }

  /** Code by its subject tokens, for the agencies somebody waits for. */
  function agencyOf(subject: string): string | undefined {
    const written = subject.slice(PREFIX.length)
    if (!written.startsWith('X.')) return written
    if (tokens.version !== registry.version) tokens = { version: registry.version, agencies: new Map() }
    if (tokens.agencies.size === 0) {
      for (const systemCode of bySystem.keys()) {
        for (const code of registry.agenciesOf(systemCode)) {
          const own = subjectTokens(code)
          if (own.startsWith('X.')) tokens.agencies.set(own, code)
        }
      }
    }
    return tokens.agencies.get(written)
  }

  bus.subscribe(`${PREFIX}>`, (subject) => {
    const agency = agencyOf(subject)
    const system = agency === undefined ? undefined : registry.receivingSystem(agency)?.system.code
    if (system === undefined) return
    for (const watcher of bySystem.get(system) ?? []) watcher.wake(agency)
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
    add(watcher) {
      const own = bySystem.get(watcher.systemCode) ?? new Set()
      own.add(watcher)
      bySystem.set(watcher.systemCode, own)
      tokens = { version: -1, agencies: new Map() }
      return () => {
        own.delete(watcher)
        if (own.size === 0) bySystem.delete(watcher.systemCode)
      }
    },
  }
}
