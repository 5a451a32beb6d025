import { BusError } from '../errors/index.ts'
import type { AgencyCode } from '../model/index.ts'
import { type Clock, type Logger, systemClock } from '../runtime/index.ts'
import {
  type AgencyDetails,
  type AgencyRow,
  type CertificateRow,
  type FrontRow,
  type Pool,
  readAgency,
  readRegistryVersions,
  type SystemKeyRow,
  type SystemRow,
} from '../store/index.ts'
import { Directory } from './directory.ts'
import { type DirectoryPart, loadPart } from './load-directory.ts'
import { agenciesOf, type ReceivingSystem, receivingSystem, takenUpBy } from './receiving-system.ts'
import { type Resolution, type ResolveOptions, resolveCode } from './resolve-code.ts'
import { type RecipientResolution, resolveRecipients } from './resolve-recipients.ts'
import { searchAgencies } from './search-agencies.ts'
import { type Signer, type SignerRelation, signerRelation } from './signer-relation.ts'

export interface RegistryOptions {
  readonly pool: Pool
  /** Ends the polling. */
  readonly signal: AbortSignal
  readonly log?: Logger
  /** Pause between two comparisons of the version, in milliseconds; 2,000 unless told. */
  readonly pollMs?: number
  readonly clock?: Clock
}

/** Who takes part, held in memory and at most seconds behind the database. Look-ups are synchronous and read memory only. */
export interface Registry {
  /** Rises with every change of the registry; the one that memory holds. */
  readonly version: number
  /** Rises with every change of an agency alone. */
  readonly agenciesVersion: number
  /** Milliseconds since memory was last known to equal the database; a service is not ready above 10,000. */
  readonly staleMs: number
  readonly agencyCount: number
  /** Compares now, on a hint or a reconnect, and resolves when memory is up to date. @throws BusError LT_STORE_UNAVAILABLE */
  refresh(): Promise<void>
  resolve(codeAsWritten: string, options: ResolveOptions): Resolution
  resolveRecipients(parties: readonly { readonly code: string }[], options: ResolveOptions): RecipientResolution
  agency(code: string): AgencyRow | undefined
  children(code: string): AgencyRow[]
  /** The registered units above, nearest first. */
  ancestors(code: string): AgencyRow[]
  receivingSystem(agencyCode: string): ReceivingSystem | undefined
  /** Whether a system may act for an agency: exactly when it is the one that receives for it. */
  fronts(systemCode: string, agencyCode: string): boolean
  /** Every agency a system acts for, those below the declared ones included; kept until the registry changes. */
  agenciesOf(systemCode: string): readonly AgencyCode[]
  /**
   * Agencies that a declaration (`undefined`: its withdrawal) would give to another system, where nobody or a suspended one receives for
   * them now: the agency itself, and those below that follow it.
   */
  takenUpBy(agencyCode: string, declared: Omit<FrontRow, 'agencyCode'> | undefined): readonly AgencyCode[]
  system(codeOrId: string): SystemRow | undefined
  readonly systems: Iterable<SystemRow>
  /** Whether a system is suspended; one that is not registered counts as suspended. */
  isSuspended(codeOrId: string): boolean
  /** By SHA-256 of the DER form, lower-case hex; revoked ones included (`revokedAt`). */
  certificate(fingerprint: string): CertificateRow | undefined
  /** Keys a system may sign client assertions with; revoked ones left out. */
  keysOf(systemCode: string): readonly SystemKeyRow[]
  signerRelation(signer: Signer, senderAgency: string, senderSystem: string): SignerRelation | undefined
  /** By words of the name without accents, or by the beginning of a code; asks the database. */
  search(text: string, limit: number): Promise<AgencyRow[]>
  /** Contact, source and aliases of one agency; asks the database. */
  details(code: string): Promise<AgencyDetails | undefined>
}

const PARTS: readonly DirectoryPart[] = ['system', 'systemKey', 'front', 'agencyCertificate', 'agencyAlias', 'agency']

interface PartState {
  /** Version that memory holds; -1 before the first load. */
  version: number
  /** When (monotonic) memory was last known to hold the database's version. */
  freshAt: number
  loading: Promise<void> | undefined
}

/** Loads the registry and keeps it up to date until the signal. @throws BusError LT_STORE_UNAVAILABLE when the first load fails */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { pool, signal, log, pollMs = 2_000, clock = systemClock } = options
  const directory = new Directory()
  const parts = new Map(
    PARTS.map((part): [DirectoryPart, PartState] => [part, { version: -1, freshAt: 0, loading: undefined }]),
  )
  const agenciesBySystem = new Map<string, readonly AgencyCode[]>()
  const today = dateTeller(clock)
  let version = 0
  let comparing = false

  async function load(part: DirectoryPart, state: PartState, target: number, askedAt: number): Promise<void> {
    // A database restored from a backup may stand at an earlier version: nothing in memory counts then.
    await loadPart(pool, directory, part, target < state.version ? -1 : state.version)
    state.version = target
    state.freshAt = askedAt
    if (part === 'agency' || part === 'front' || part === 'system') agenciesBySystem.clear()
  }

  async function bring(part: DirectoryPart, state: PartState, target: number, askedAt: number): Promise<void> {
    if (askedAt < state.freshAt) return
    if (state.version === target) {
      state.freshAt = askedAt
      return
    }
    do {
      state.loading ??= load(part, state, target, askedAt).finally(() => {
        state.loading = undefined
      })
      await state.loading
    } while (state.version < target)
  }

  /** Parts load side by side: a suspension takes effect while a large import of agencies is still being read. */
  async function refresh(): Promise<void> {
    try {
      comparing = true
      const askedAt = performance.now()
      const versions = await readRegistryVersions(pool).finally(() => {
        comparing = false
      })
      await Promise.all([...parts].map(([part, state]) => bring(part, state, versions[part], askedAt)))
      version = versions.version
    } catch (error) {
      throw new BusError('LT_STORE_UNAVAILABLE', {}, { cause: error })
    }
  }

  await refresh()
  const timer = setInterval(() => {
    if (comparing) return
    refresh().catch((error: unknown) =>
      log?.warn({ err: error }, 'the registry could not be compared with the database'),
    )
  }, pollMs)
  timer.unref()
  signal.addEventListener('abort', () => clearInterval(timer), { once: true })
  if (signal.aborted) clearInterval(timer)

  const system = (codeOrId: string): SystemRow | undefined =>
    directory.systems.get(codeOrId) ?? directory.systemsById.get(codeOrId)
  return {
    get version() {
      return version
    },
    get agenciesVersion() {
      return parts.get('agency')?.version ?? -1
    },
    get staleMs() {
      return performance.now() - Math.min(...[...parts.values()].map((state) => state.freshAt))
    },
    get agencyCount() {
      return directory.agencies.size
    },
    get systems() {
      return directory.systems.values()
    },
    refresh,
    resolve: (code, resolveOptions) => resolveCode(directory, code, resolveOptions, today()),
    resolveRecipients: (parties, resolveOptions) => resolveRecipients(directory, parties, resolveOptions, today()),
    agency: (code) => directory.agencies.get(code),
    children: (code) => directory.agencies.children(code),
    ancestors: (code) => [...directory.agencies.ancestors(code)],
    receivingSystem: (code) => receivingSystem(directory, code),
    fronts: (systemCode, agencyCode) => receivingSystem(directory, agencyCode)?.system.code === systemCode,
    agenciesOf(systemCode) {
      const known = agenciesBySystem.get(systemCode)
      if (known) return known
      const found = agenciesOf(directory, systemCode)
      agenciesBySystem.set(systemCode, found)
      return found
    },
    takenUpBy(code, declared) {
      const agencyCode = code as AgencyCode
      return takenUpBy(directory, agencyCode, declared && { ...declared, agencyCode })
    },
    system,
    isSuspended: (codeOrId) => system(codeOrId)?.suspendedAt !== null,
    certificate: (fingerprint) => directory.certificates.get(fingerprint),
    keysOf: (systemCode) => directory.keys.get(systemCode) ?? [],
    signerRelation: (signer, agency, systemCode) => signerRelation(directory, signer, agency, systemCode, today()),
    search: (text, limit) => searchAgencies(pool, text, limit),
    details: (code) => readAgency(pool, code),
  }
}

/** The date in Asia/Ho_Chi_Minh, which keeps UTC+7 all year; the text is made once a day. */
function dateTeller(clock: Clock): () => string {
  let day = Number.NaN
  let text = ''
  return () => {
    const now = Math.floor((clock.now().getTime() + 7 * 3_600_000) / 86_400_000)
    if (now !== day) {
      day = now
      text = new Date(now * 86_400_000).toISOString().slice(0, 10)
    }
    return text
  }
}
