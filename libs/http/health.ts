import { isBusError } from '../errors/index.ts'
import type { HttpServer } from './http-server.ts'

const CHECK_TIMEOUT_MS = 2_000
/** One round of checks serves everyone who asks within this time. */
const KEEP_MS = 1_000

/** Resolves when the thing it names can do its work now, throws when it cannot. */
export type ReadinessCheck = () => Promise<void>

interface Readiness {
  readonly ready: boolean
  /** `ok`, or the code of what is wrong. */
  readonly checks: Readonly<Record<string, string>>
}

/**
 * `GET /health/live`: this process answers. `GET /health/ready`: every check passed within 2 s (200), or which did not (503).
 * `notices` are codes of what callers may meet although the service is ready. Neither needs a caller's credentials nor tells more than names and codes; both answer under load.
 */
export function registerHealth(
  server: HttpServer,
  checks: Readonly<Record<string, ReadinessCheck>>,
  notices: () => readonly string[] = () => [],
): void {
  const config = { pressureHandler: () => undefined }
  let last: { at: number; result: Promise<Readiness> } | undefined
  server.get('/health/live', { config, schema: { hide: true } }, () => ({ status: 'live' }))
  server.get('/health/ready', { config, schema: { hide: true } }, async (_request, reply) => {
    const now = performance.now()
    if (!last || now - last.at > KEEP_MS) last = { at: now, result: runChecks(checks) }
    const { ready, checks: results } = await last.result
    if (!ready) reply.code(503).header('retry-after', '5')
    const said = notices()
    return { status: ready ? 'ready' : 'not-ready', checks: results, ...(said.length > 0 ? { notices: said } : {}) }
  })
}

async function runChecks(checks: Readonly<Record<string, ReadinessCheck>>): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<[string, string]> => {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<string>((resolve) => {
        timer = setTimeout(() => resolve('timeout'), CHECK_TIMEOUT_MS)
      })
      const outcome = check().then(
        () => 'ok',
        (error: unknown) => (isBusError(error) ? error.code : 'failed'),
      )
      const result = await Promise.race([outcome, late])
      clearTimeout(timer)
      return [name, result]
    }),
  )
  return { ready: results.every(([, result]) => result === 'ok'), checks: Object.fromEntries(results) }
}
