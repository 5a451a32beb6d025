import { openBlobStore } from '../../libs/blobs/index.ts'
import { connectBus } from '../../libs/bus/index.ts'
import { readSecrecyPatterns } from '../../libs/envelope/index.ts'
import { BusError } from '../../libs/errors/index.ts'
import {
  buildHttpServer,
  type FastifyRequest,
  loadTls,
  openHealthListener,
  registerHealth,
} from '../../libs/http/index.ts'
import { SUBJECTS } from '../../libs/model/index.ts'
import { checkDatabase, checkFresh, loadEvidenceSigner } from '../../libs/pipeline/index.ts'
import { openRedis } from '../../libs/queue/index.ts'
import { openRegistry } from '../../libs/registry/index.ts'
import { defineService } from '../../libs/runtime/index.ts'
import { checkDurability, checkPartitions, checkSchema, findTargets, openPool } from '../../libs/store/index.ts'
import { openAcceptance } from './accept-dispatches.ts'
import { openKnownSubmissions } from './admission/find-known.ts'
import { openRefusalRecorder } from './admission/record-refusals.ts'
import { API } from './api-description.ts'
import { callerOf } from './auth/caller.ts'
import { createAuth } from './auth/create-auth.ts'
import { keepAssertionsSwept } from './auth/sweep-assertions.ts'
import { loadTokenKey } from './auth/token-key.ts'
import { addTokenRoute } from './auth/token-route.ts'
import { gatewayConfig } from './config.ts'
import { openExaminer } from './examine/open-examiner.ts'
import { followMaintenance } from './follow-maintenance.ts'
import { followOrigin } from './follow-origin.ts'
import type { Gateway } from './gateway.ts'
import { loadTrust } from './load-keys.ts'
import { openFinder } from './mailbox/find-own.ts'
import { followFloor } from './mailbox/follow-floor.ts'
import { openMover } from './mailbox/move-consignments.ts'
import { openReceiverCheck } from './mailbox/verify-receiver.ts'
import { watchMailboxes } from './mailbox/watch-mailboxes.ts'
import { watchNotices } from './mailbox/watch-notices.ts'
import { openSeenRecorder } from './record-seen.ts'
import { registerRoutes } from './register-routes.ts'
import { keepRetention } from './retention/keep-retention.ts'
import { loadPublicKeys, registerShowKeys } from './routes/show-keys.ts'
import { keepContentSwept } from './sweep-content.ts'
import { openDoor } from './vxp/open-door.ts'

const POOL_SIZE = 10
/** Acceptances, moves of mailboxes and refusals: one statement of each at a time. */
const COMMIT_POOL_SIZE = 3
const MAX_HEADER_BYTES = 32 * 1024
const MAX_JSON_BYTES = 1024 * 1024

/** The two doors of the house, native and compatible: submissions, mailboxes, receipts, directory. */
export const gatewayService = defineService({
  name: 'gateway',
  config: gatewayConfig,
  async start(config, { log, signal, onFailedStart }) {
    const pool = openPool(config.databaseUrl, {
      name: 'lienthong gateway',
      max: POOL_SIZE,
      keepPlans: true,
      onLost: (error) => log.warn({ err: error }, 'connection lost'),
    })
    onFailedStart(() => pool.end())
    // Commits have connections of their own: a crowd of readers must not make an acceptance wait.
    const commits = openPool(config.databaseUrl, {
      name: 'lienthong gateway commits',
      max: COMMIT_POOL_SIZE,
      keepPlans: true,
      onLost: (error) => log.warn({ err: error }, 'connection lost'),
    })
    onFailedStart(() => commits.end())
    await checkSchema(pool)
    await checkDurability(pool)
    const [registry, blobs, signer, trust, origin, floor, maintenance] = await Promise.all([
      openRegistry({ pool, signal, log }),
      openBlobStore({ dir: config.blobDir, minFreeBytes: config.minFreeBytes }),
      loadEvidenceSigner(config.keyDir),
      loadTrust(config.keyDir),
      followOrigin(pool, log, signal),
      followFloor(pool, log, signal),
      followMaintenance(pool, log, signal),
    ])
    const bus = await connectBus({ url: config.natsUrl, name: 'gateway', signal, log })
    onFailedStart(() => bus.close())
    bus.subscribe(SUBJECTS.registryChanged, () => {
      registry.refresh().catch((error: unknown) => log.debug({ err: error }, 'registry could not be refreshed'))
    })
    const axis = (): { name: string; id: string } => ({ name: config.axisName, id: origin() })
    const secrecyPatterns = readSecrecyPatterns(config.secrecyPatterns)
    const examiner = openExaminer({ trust: () => trust, keyDir: config.keyDir, secrecyPatterns })
    const known = openKnownSubmissions(pool)
    const acceptance = openAcceptance({
      pool: commits,
      bus,
      log,
      known,
      context: () => ({ signer, axis: axis(), origin: origin() }),
      maxBatch: config.commitBatch,
      maxWaiting: config.commitQueue,
    })
    const refusals = openRefusalRecorder(commits, log)
    const mover = openMover(commits, {
      maxBatch: 200,
      maxWaiting: 20_000,
      onMoved: () => bus.publish(SUBJECTS.auditPending),
    })
    const seen = openSeenRecorder(pool, log, signal)
    const gateway: Gateway = {
      config,
      log,
      pool,
      bus,
      blobs,
      registry,
      submission: {
        pool,
        blobs,
        registry,
        known,
        targets: (question) => findTargets(pool, question),
        acceptance,
        refusals,
        examiner,
        limits: {
          maxPacketBytes: config.maxPacketBytes,
          maxSkeletonBytes: config.maxEnvelopeBytes,
          maxRecipients: config.maxRecipients,
          maxAttachments: config.maxAttachments,
        },
        maintenance,
      },
      receipts: {
        pool,
        signer,
        get axis() {
          return axis()
        },
        systemCode: (id) => registry.system(id)?.code ?? id,
      },
      mover,
      findConsignment: openFinder(pool, registry),
      verifyReceiver: openReceiverCheck(registry),
      mailboxes: watchMailboxes(bus, registry, floor.lower),
      notices: watchNotices(bus, pool, log),
      seen,
      mailboxFloor: floor.value,
      systemOf: (request) => {
        const system = registry.system(callerOf(request).systemCode)
        if (!system) throw new BusError('LT_AUTH_SUSPENDED')
        return system
      },
    }

    const tls = loadTls(config, { clientCertificates: true })
    const redis = openRedis({ url: config.redisUrl, name: 'gateway', log })
    onFailedStart(async () => redis.disconnect())
    const server = await buildHttpServer({
      name: 'gateway',
      log,
      bodyLimit: MAX_JSON_BYTES,
      requestTimeoutMs: config.requestTimeoutMs,
      headersTimeoutMs: 10_000,
      maxHeaderBytes: MAX_HEADER_BYTES,
      openApi: API,
      rateLimitRedis: redis,
      ...(tls ? { tls } : {}),
    })
    onFailedStart(() => server.close())
    const tokenKey = loadTokenKey(config.keyDir)
    const auth = createAuth(server, {
      directory: registry,
      database: pool,
      tokenKey,
      publicUrl: config.publicUrl ?? `${tls ? 'https' : 'http'}://${config.listenHost}:${config.listenPort}`,
      systemRequestsPerMinute: config.systemRequestsPerMinute,
      tokensPerMinute: config.systemTokensPerMinute,
      failuresPerMinute: config.authFailuresPerMinute,
    })
    addTokenRoute(server, auth)
    registerShowKeys(server, await loadPublicKeys(config.keyDir, tokenKey))
    keepAssertionsSwept(pool, log, signal)
    keepContentSwept({ blobs, databaseUrl: config.databaseUrl, maxOrphans: config.maxOrphans, log, signal })
    keepRetention({
      databaseUrl: config.databaseUrl,
      blobs,
      trust: () => trust,
      log,
      signal,
      onDeleted: () => bus.publish(SUBJECTS.auditPending),
    })
    const checks = {
      database: () => checkDatabase(pool),
      registry: () => checkFresh(registry),
      partitions: () => checkPartitions(pool),
    }
    const notices = (): string[] => (maintenance().since === null ? [] : ['LT_OPS_MAINTENANCE'])
    registerHealth(server, checks, notices)
    const requireSystem = async (request: FastifyRequest): Promise<void> => {
      await auth.requireSystem(request)
      seen.note(callerOf(request).systemId)
    }
    await registerRoutes(server, gateway, { requireSystem })
    const closeHealth = await openHealthListener(config.healthPort, checks, log, notices)
    onFailedStart(closeHealth)
    const door =
      config.doorPort === undefined
        ? undefined
        : await openDoor(gateway, { port: config.doorPort, redis, signal, ...(tls ? { tls } : {}) })
    if (door) onFailedStart(() => door.close())
    const url = await server.listen({ host: config.listenHost, port: config.listenPort })

    return {
      urls: { native: config.publicUrl ?? url, ...(door ? { door: door.url } : {}) },
      async [Symbol.asyncDispose]() {
        await Promise.all([server.close(), door?.close(), closeHealth()])
        redis.disconnect()
        await Promise.all([acceptance.close(), mover.close(), refusals.close()])
        await examiner[Symbol.asyncDispose]()
        await bus.close()
        await Promise.all([pool.end(), commits.end()])
      },
    }
  },
})
