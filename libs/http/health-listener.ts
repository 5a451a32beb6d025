import type { Logger } from '../runtime/index.ts'
import { METRICS_CONTENT_TYPE, metricsText } from '../runtime/index.ts'
import { type ReadinessCheck, registerHealth } from './health.ts'
import { buildHttpServer } from './http-server.ts'

const MAX_BYTES = 8 * 1024
const TIMEOUT_MS = 5_000

/**
 * A listener of its own on 127.0.0.1 for whoever watches over a service: `/health/live`, `/health/ready` and `/metrics`, nothing
 * else. Port 0: there is none. Answers the function that closes it.
 */
export async function openHealthListener(
  port: number,
  checks: Readonly<Record<string, ReadinessCheck>>,
  log: Logger,
  notices: () => readonly string[] = () => [],
): Promise<() => Promise<void>> {
  if (port === 0) return async () => undefined
  const server = await buildHttpServer({
    name: 'health',
    log,
    bodyLimit: MAX_BYTES,
    maxHeaderBytes: MAX_BYTES,
    requestTimeoutMs: TIMEOUT_MS,
    headersTimeoutMs: TIMEOUT_MS,
  })
  registerHealth(server, checks, notices)
  const config = { pressureHandler: () => undefined }
  server.get('/metrics', { config }, async (_request, reply) =>
    reply.type(METRICS_CONTENT_TYPE).send(await metricsText()),
  )
  await server.listen({ host: '127.0.0.1', port })
  return () => server.close()
}
