import type { LimitRedis, ListenerTls } from '../../../libs/http/index.ts'
import type { Gateway } from '../gateway.ts'
import { type AnswerOptions, answerCall } from './answer-call.ts'
import { guardConnections } from './guard-connections.ts'
import { limitCalls } from './limit-calls.ts'
import { listenAtDoor } from './listen.ts'
import { markReplays } from './mark-replays.ts'
import { followSecrets } from './secrets/follow-secrets.ts'
import { keepAgencyAnswers } from './show-agencies.ts'

export interface DoorOptions {
  readonly port: number
  readonly redis: LimitRedis
  readonly tls?: ListenerTls
  readonly signal: AbortSignal
}

export interface OpenDoor {
  readonly url: string
  close(): Promise<void>
}

/**
 * Opens the compatible door: client programs of today's axis connect to it unchanged. It has no admission, registry or mailbox of its own.
 * @throws BusError LT_CONF_FILE_UNREADABLE, LT_CONF_INVALID (the keys of its secrets)
 */
export async function openDoor(gateway: Gateway, options: DoorOptions): Promise<OpenDoor> {
  const { config, registry, pool, log } = gateway
  const secrets = await followSecrets(pool, { keyDir: config.keyDir, log, signal: options.signal })
  const guard = guardConnections(registry)
  let stopping = false
  const answering: AnswerOptions = {
    door: { gateway, agencies: keepAgencyAnswers(pool, registry) },
    secrets,
    guard,
    limits: limitCalls(options.redis, {
      callsPerMinute: config.systemRequestsPerMinute,
      failuresPerMinute: config.authFailuresPerMinute,
    }),
    isReplay: markReplays(),
    log,
    stopping: () => stopping,
  }
  const listener = await listenAtDoor({
    host: config.doorHost ?? config.listenHost,
    port: options.port,
    maxConnections: config.doorConnections,
    requestTimeoutMs: config.requestTimeoutMs,
    guard,
    ...(options.tls ? { tls: options.tls } : {}),
    answer: (request, response) => void answerCall(request, response, answering),
  })
  return {
    url: listener.url,
    close: async () => {
      stopping = true
      await listener.close()
    },
  }
}
