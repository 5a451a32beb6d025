import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { BusError } from '../errors/index.ts'
import { metric } from '../runtime/index.ts'
import type { HttpServer } from './http-server.ts'
import { KnownPaths } from './known-paths.ts'
import { lingerOver } from './linger.ts'
import { languageOf, PROBLEM_CONTENT_TYPE, type ProblemAnswer, problemOf } from './problem.ts'
import { toBusError } from './to-bus-error.ts'

const refused = metric.counter({
  name: 'requests_refused_total',
  help: 'refused or failed requests by code',
  labels: ['code'],
})

/** Every error of a server, whoever threw it, becomes one kind of answer; faults of ours are logged with their cause. */
export function addErrorFunnel(server: HttpServer, bodyLimit: number): void {
  const paths = new KnownPaths()
  server.addHook('onRoute', ({ url, method }) => paths.add(url, Array.isArray(method) ? method : [method]))
  server.setErrorHandler((error, request, reply) => {
    const { status, headers, body } = answerTo(error, request, bodyLimit)
    // The framework closes after a body it did not like, and the reset would overtake the answer; the rest is drained instead.
    if (body.code !== 'LT_HTTP_STOPPING') reply.removeHeader('connection')
    return reply.code(status).headers(headers).type(PROBLEM_CONTENT_TYPE).serializer(JSON.stringify).send(body)
  })
  server.setNotFoundHandler((request) => {
    const allowed = paths.methodsAt(request.raw.url ?? '')
    if (allowed.length === 0) throw new BusError('LT_HTTP_NOT_FOUND')
    throw new BusError('LT_HTTP_METHOD_NOT_ALLOWED', { method: request.method, allowed: allowed.join(', ') })
  })
}

/**
 * The answer an error deserves, counted and, when it is our fault, logged. For routes whose errors need another shape
 * (RFC 6749): use it in the route's own `errorHandler` and send what it says.
 */
export function answerTo(error: unknown, request: FastifyRequest, bodyLimit = 0): ProblemAnswer {
  const known = toBusError(error, bodyLimit)
  refused.inc({ code: known.code })
  if (known.entry.status >= 500) request.log.error({ err: known, code: known.code }, 'request failed')
  else request.log.debug({ code: known.code }, 'request refused')
  return problemOf(known, request.id, languageOf(request.headers['accept-language']))
}

/** Answers an address that cannot be routed. The framework guards nothing here: it must not throw. */
export function answerBeforeRouting(error: unknown, request: FastifyRequest, response: ServerResponse): void {
  const { status, headers, body } = answerTo(error, request)
  response.writeHead(status, { ...headers, 'content-type': PROBLEM_CONTENT_TYPE, 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
  response.once('finish', () => lingerOver(request.raw))
}

/** What a route's own error handler is given and gives back. */
export type RouteErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => unknown
