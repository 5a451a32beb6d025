import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer, type ServerOptions as TlsOptions } from 'node:https'
import helmet from '@fastify/helmet'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import underPressure from '@fastify/under-pressure'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  fastify,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
} from 'fastify'
import { BusError } from '../errors/index.ts'
import type { Logger } from '../runtime/index.ts'
import { answerClientError } from './client-error.ts'
import { addErrorFunnel, answerBeforeRouting } from './error-funnel.ts'
import { closeEventStreams } from './event-stream.ts'
import type { LimitRedis } from './limit-store.ts'
import { lingerOver } from './linger.ts'
import { type OpenApiInfo, registerOpenApi } from './openapi.ts'
import { registerRateLimits } from './rate-limit.ts'
import { countRequests } from './request-metrics.ts'
import { watchSilentConnections } from './silent-connections.ts'
import { traceIdOf, traceparentOf } from './trace-context.ts'

/** A server of ours: fastify with our error funnel, and routes typed by their TypeBox schemas. */
export type HttpServer = FastifyInstance<
  Server,
  RawRequestDefaultExpression<Server>,
  RawReplyDefaultExpression<Server>,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface HttpServerOptions {
  /** Shown in figures; the name of the service, or of the door where a service has several. */
  readonly name: string
  readonly log: Logger
  /** Bytes of a body that is parsed (JSON, forms). Streamed bodies have the limits of whoever reads them. */
  readonly bodyLimit: number
  /** From the first byte of a request to its last, in milliseconds. */
  readonly requestTimeoutMs: number
  readonly headersTimeoutMs: number
  /** Bytes of all header lines together. */
  readonly maxHeaderBytes: number
  /** Key, certificate and client-certificate policy; without it the listener speaks plain HTTP. */
  readonly tls?: TlsOptions
  /** Above this mean delay of the event loop requests are refused with LT_HTTP_OVERLOADED. 1000 unless told. */
  readonly maxEventLoopDelayMs?: number
  /** Describes the routes as OpenAPI 3.1 for `exportOpenApi`. */
  readonly openApi?: OpenApiInfo
  /** Where limits are counted over all processes; each counts for itself without it and while it is away. */
  readonly rateLimitRedis?: LimitRedis
}

/** Bodies that are never parsed: the route reads them with `readBody` or `readMultipart`. */
const STREAMED: readonly (string | RegExp)[] = [
  'application/xml',
  'application/edxml+xml',
  'application/octet-stream',
  /^multipart\//,
]

/**
 * Builds a server; routes come next, `listen` last. Every refusal is `application/problem+json` with a stable code, from
 * malformed HTTP to a fault of ours. Values are validated as they came: nothing is coerced, removed or filled in.
 * The address of a caller is that of the connection; `X-Forwarded-*` is never believed.
 */
export async function buildHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { name, log, tls } = options
  const settings = {
    maxHeaderSize: options.maxHeaderBytes,
    headersTimeout: options.headersTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, options.headersTimeoutMs),
    requireHostHeader: false,
  }
  const server: HttpServer = fastify({
    serverFactory: (handler) => {
      const raw = tls ? createTlsServer({ ...settings, ...tls }, handler) : createServer(settings, handler)
      raw.keepAliveTimeout = 72_000
      // No silent dropping: the number of header lines is bounded by their bytes alone.
      raw.maxHeadersCount = 0
      // An expectation we do not know is ignored (RFC 9110 10.1.1).
      raw.on('checkExpectation', (request, response) => raw.emit('request', request, response))
      return raw as Server
    },
    ...(tls ? { https: tls as never } : {}),
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'traceId' }),
    bodyLimit: options.bodyLimit,
    requestTimeout: options.requestTimeoutMs,
    trustProxy: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: (request) => traceIdOf(request as Parameters<typeof traceIdOf>[0]),
    requestIdHeader: false,
    // A HEAD route would run its GET handler: nothing may happen that nobody gets an answer of.
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false } },
    clientErrorHandler: (error, socket) => answerClientError(error, socket),
    frameworkErrors: (error, request, reply) => answerBeforeRouting(error, request, reply.raw),
  }).withTypeProvider<TypeBoxTypeProvider>()
  server.removeContentTypeParser('text/plain')
  for (const type of STREAMED) server.addContentTypeParser(type, (_request, _payload, done) => done(null))
  addErrorFunnel(server, options.bodyLimit)
  countRequests(server, name)
  const endSilentConnections = watchSilentConnections(server.server, tls !== undefined)
  let stopping = false
  server.addHook('preClose', async () => {
    stopping = true
    endSilentConnections()
    closeEventStreams(server.server)
  })
  server.addHook('onRequest', async (request, reply) => {
    const { headers } = request.raw
    reply.header('cache-control', 'no-store').header('traceparent', traceparentOf(request.id, headers.traceparent))
    if (stopping) {
      reply.header('connection', 'close')
      throw new BusError('LT_HTTP_STOPPING')
    }
    if (headers.host === undefined && request.raw.httpVersion !== '1.0') throw new BusError('LT_HTTP_MALFORMED')
    if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity')
      throw new BusError('LT_HTTP_UNSUPPORTED_MEDIA_TYPE')
  })
  server.addHook('onResponse', async (request) => lingerOver(request.raw))
  await server.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    hsts: tls !== undefined,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    dnsPrefetchControl: false,
    xXssProtection: false,
  })
  await server.register(underPressure, {
    maxEventLoopDelay: options.maxEventLoopDelayMs ?? 1_000,
    pressureHandler: refuseWork as never,
    exposeStatusRoute: false,
  })
  await registerRateLimits(server, options.rateLimitRedis)
  if (options.openApi) await registerOpenApi(server, options.openApi)
  return server
}

/** Infinity means that nothing was measured, as in the first second of a process: no reason to refuse. */
function refuseWork(_request: unknown, _reply: unknown, _kind: string, delayMs: number): BusError | undefined {
  return delayMs === Number.POSITIVE_INFINITY ? undefined : new BusError('LT_HTTP_OVERLOADED', { retryAfterS: 10 })
}
