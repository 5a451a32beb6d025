import type { IncomingMessage, ServerResponse } from 'node:http'
import { BusError, isBusError } from '../../../libs/errors/index.ts'
import { lingerOver } from '../../../libs/http/index.ts'
import { uuidv7 } from '../../../libs/model/index.ts'
import { type Logger, metric } from '../../../libs/runtime/index.ts'
import type { Door, DoorCall } from './door.ts'
import { type ConnectionGuard, plainAddress } from './guard-connections.ts'
import type { CallLimits } from './limit-calls.ts'
import type { markReplays } from './mark-replays.ts'
import { type FoundOperation, findOperation } from './operations.ts'
import { rawHeadersOf } from './read-call.ts'
import type { DoorSecrets } from './secrets/follow-secrets.ts'
import { verifyCall } from './verify-call.ts'
import { describeRefusal, SUCCESS, sendReply } from './write-reply.ts'

const seconds = metric.histogram({
  name: 'door_call_seconds',
  help: 'from the headers of a call at the compatible door to the end of its answer',
  labels: ['operation', 'outcome'],
})

export interface AnswerOptions {
  readonly door: Door
  readonly secrets: DoorSecrets
  readonly guard: Pick<ConnectionGuard, 'allows'>
  readonly limits: CallLimits
  readonly isReplay: ReturnType<typeof markReplays>
  readonly log: Logger
  readonly stopping: () => boolean
}

/** Answers one request; whatever goes wrong is a whole reply with its code. */
export async function answerCall(
  request: IncomingMessage,
  response: ServerResponse,
  options: AnswerOptions,
): Promise<void> {
  const begun = performance.now()
  const found = findOperation(request.url)
  const log = options.log.child({ traceId: uuidv7().replaceAll('-', ''), operation: found?.name ?? '-' })
  const gone = new AbortController()
  let outcome = 'ok'
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new BusError('LT_SUB_BUSY'))
    lingerOver(request)
    seconds.observe((performance.now() - begun) / 1000, { operation: found?.name ?? '-', outcome })
  })
  response.once('finish', () => {
    lingerOver(request)
    // A connection that is idle from now on would hold up the stop.
    if (options.stopping()) request.socket.end()
  })
  request.on('error', (error) => log.debug({ err: error }, 'a caller went away'))
  try {
    if (options.stopping()) {
      response.setHeader('connection', 'close')
      throw new BusError('LT_HTTP_STOPPING')
    }
    const fields = await runCall(request, response, { ...options, log, signal: gone.signal, found })
    if (fields) sendReply(response, 200, { ...SUCCESS, ...fields })
  } catch (error) {
    outcome = 'refused'
    refuse(response, found, toBusError(error, log), log)
  }
}

async function runCall(
  request: IncomingMessage,
  response: ServerResponse,
  options: AnswerOptions & Pick<DoorCall, 'signal'> & { readonly found: FoundOperation | undefined },
): Promise<Record<string, unknown> | undefined> {
  const { door, secrets, guard, limits, isReplay, log, signal, found } = options
  if (!found) throw new BusError('LT_DOOR_UNKNOWN_OPERATION')
  const { name, operation } = found
  if (request.method !== operation.method)
    throw new BusError('LT_HTTP_METHOD_NOT_ALLOWED', { allowed: operation.method })
  const { gateway } = door
  const address = plainAddress(request.socket.remoteAddress)
  const headers = rawHeadersOf(request)
  let verified: ReturnType<typeof verifyCall>
  try {
    verified = verifyCall(headers, {
      system: (code) => gateway.registry.system(code),
      secretsOf: (systemId) => secrets.of(systemId),
    })
  } catch (error) {
    if (isBusError(error, 'LT_DOOR_SIGNATURE_INVALID')) await limits.countFailure(address)
    throw error
  }
  const { system, parameters, mac } = verified
  if (!guard.allows(system.code, address)) throw new BusError('LT_DOOR_NETWORK_REFUSED')
  await limits.count(system.code)
  gateway.seen.note(system.id)
  const own = log.child({
    systemCode: system.code,
    ...(operation.changes && isReplay(name, mac) ? { replayed: true } : {}),
  })
  const { id: systemId, code: systemCode, traffic } = system
  const caller = { systemId, systemCode, traffic, credential: { via: 'secret' } } as const
  const fields = await operation.run({ system, caller, parameters, request, response, signal, log: own }, door)
  if (operation.changes) own.info('a call of the compatible door')
  return fields
}

function toBusError(error: unknown, log: Logger): BusError {
  if (isBusError(error)) return error
  log.error({ err: error }, 'a call of the compatible door failed')
  return new BusError('LT_HTTP_INTERNAL', {}, { cause: error })
}

function refuse(response: ServerResponse, found: FoundOperation | undefined, error: BusError, log: Logger): void {
  // Above the limit one line a call would be a flood of its own.
  const level = error.code === 'LT_HTTP_TOO_MANY_REQUESTS' ? 'debug' : 'info'
  log[level]({ code: error.code, params: error.params }, 'refused at the compatible door')
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, body } = describeRefusal(error)
  if (found?.operation.failure === 'empty') {
    response.writeHead(status === 200 ? 400 : status, { 'content-length': 0, 'cache-control': 'no-store' }).end()
    return
  }
  sendReply(response, status, { ...body, ...(found?.operation.failure ?? { DocId: '', data: '', count: 0 }) })
}
