import type { Logger } from '../../../../libs/runtime/index.ts'
import { type Pool, readDoorSecrets, readDoorSecretVersion } from '../../../../libs/store/index.ts'
import { openSecret } from './seal-secret.ts'
import { loadSecretKeys, type SecretKey } from './secret-keys.ts'

const EVERY_MS = 2_000

/** Secrets in memory, at most seconds behind the database. */
export interface DoorSecrets {
  /** The secrets that open the door for a system now; several while one takes over from another. */
  of(systemId: string): readonly Buffer[]
  refresh(): Promise<void>
}

interface Known {
  readonly secret: Buffer
  readonly endsAt: number
}

/** Loads the secrets and keeps them up to date until the signal. @throws BusError when the key folder or the database cannot be read */
export async function followSecrets(
  pool: Pool,
  options: { readonly keyDir: string; readonly log: Logger; readonly signal: AbortSignal },
): Promise<DoorSecrets> {
  const { keyDir, log, signal } = options
  let keys: readonly SecretKey[] = loadSecretKeys(keyDir)
  let secrets = new Map<string, Known[]>()
  let version = -1
  let running: Promise<void> | undefined

  async function load(): Promise<void> {
    const now = await readDoorSecretVersion(pool)
    if (now === version) return
    const rows = await readDoorSecrets(pool)
    // A key that came into the folder after this process had started.
    if (rows.some(({ keyId }) => !keys.some(({ id }) => id === keyId))) keys = loadSecretKeys(keyDir)
    const next = new Map<string, Known[]>()
    for (const row of rows) {
      try {
        const known = { secret: openSecret(keys, row), endsAt: row.endsAt?.getTime() ?? Number.POSITIVE_INFINITY }
        next.set(row.systemId, [...(next.get(row.systemId) ?? []), known])
      } catch (error) {
        log.error({ err: error, systemId: row.systemId, keyId: row.keyId }, 'a secret of the door cannot be opened')
      }
    }
    secrets = next
    version = now
  }
  const refresh = (): Promise<void> => {
    running ??= load().finally(() => {
      running = undefined
    })
    return running
  }

  await refresh()
  const timer = setInterval(() => {
    refresh().catch((error: unknown) => log.warn({ err: error }, 'the secrets of the door could not be read'))
  }, EVERY_MS)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  return {
    of: (systemId) =>
      (secrets.get(systemId) ?? []).filter(({ endsAt }) => endsAt > Date.now()).map(({ secret }) => secret),
    refresh,
  }
}
