export type { FastifyReply, FastifyRequest } from 'fastify'
export { callerGone } from './caller-gone.ts'
export { answerTo, type RouteErrorHandler } from './error-funnel.ts'
export { type EventStream, type EventStreamOptions, openEventStream } from './event-stream.ts'
export { type ReadinessCheck, registerHealth } from './health.ts'
export { openHealthListener } from './health-listener.ts'
export { buildHttpServer, type HttpServer, type HttpServerOptions } from './http-server.ts'
export { createLimitStore, type LimitRedis, type LimitStore } from './limit-store.ts'
export { lingerOver } from './linger.ts'
export { type ListenerTls, loadTls, refusePlainNetwork, type TlsSettings } from './load-tls.ts'
export { type MultipartLimits, type Part, readMultipart } from './multipart/read-multipart.ts'
export { exportOpenApi, type OpenApiInfo } from './openapi.ts'
export type { ContentDescription, OperationDescription } from './openapi-operation.ts'
export {
  type OpenOutgoingAnswer,
  type OutgoingAnswer,
  type OutgoingClient,
  type OutgoingOptions,
  type OutgoingQuestion,
  type OutgoingRequest,
  openOutgoing,
} from './outgoing-client.ts'
export type { OutgoingTls } from './outgoing-connector.ts'
export { createNetworkRule, type NetworkRule } from './outgoing-networks.ts'
export {
  createRequestSigner,
  type RequestSigner,
  type RequestSignerOptions,
  type SignableRequest,
} from './outgoing-signature.ts'
export {
  type Language,
  languageOf,
  PROBLEM_CONTENT_TYPE,
  type Problem,
  type ProblemAnswer,
  problemOf,
} from './problem.ts'
export { problemShape, refusalShape } from './problem-shape.ts'
export { callerAddress, createRateLimit, type RateLimit, type RateLimitOptions } from './rate-limit.ts'
export { type BodyLimits, readBody } from './read-body.ts'
