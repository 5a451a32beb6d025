import { changeSystem } from '../../libs/registry/index.ts'
import { type PushEndpoint, startEndpoint } from './push-endpoint.ts'
import type { Teardown } from './teardown.ts'
import { startWorld, type World, type WorldOptions, type WorldService } from './world.ts'

/** Times so short that a test need not wait. */
const SETTINGS = {
  PUSH_ALLOWED_NETWORKS: '127.0.0.0/8',
  PUSH_TIMEOUT_MS: '800',
  PUSH_CONCURRENCY: '4',
  ATTEMPT_GRACE_MS: '700',
  RETRY_FIRST_MS: '40',
  RETRY_MAX_MS: '2000',
  MAX_ATTEMPTS: '6',
  SWEEP_IDLE_MS: '100',
  SWEEP_AFTER_MS: '400',
  BREAKER_FIRST_MS: '100',
  BREAKER_MAX_MS: '800',
  BREAKER_LOOK_MS: '50',
}
const ALL: readonly WorldService[] = ['routing', 'audit', 'receipts', 'gateway', 'delivery']
const PUSHED = ['demo-h26', 'demo-h53']

/** A world in which H26 and H53 are called at one endpoint, each under its own path. */
export async function startPushWorld(
  t: Teardown,
  options: WorldOptions = {},
): Promise<{ world: World; endpoint: PushEndpoint }> {
  const endpoint = await startEndpoint(t)
  const world = await startWorld(t, { ...options, services: [], environment: { ...SETTINGS, ...options.environment } })
  for (const system of PUSHED)
    await changeSystem(world.operator, system, { delivery: 'push', pushUrl: endpoint.url(system) })
  for (const service of options.services ?? ALL) await world.start(service)
  return { world, endpoint }
}

export interface Sent {
  readonly dispatch: string
  /** By agency. */
  readonly consignments: Readonly<Record<string, string>>
  readonly packet: Buffer
}

export async function send(world: World, recipients: readonly string[], urgent = false): Promise<Sent> {
  const packet = world.packet('demo-g12', recipients, urgent ? { priority: 3 } : {})
  // On a busy machine the door may say so: the same bytes again, as a durable client does.
  const { status, body } = await world.until(async () => {
    const answer = await world.submit('demo-g12', packet).catch(() => undefined)
    return answer && answer.status !== 503 && answer
  }, 60_000)
  if (status >= 300) throw new Error(`not accepted: ${JSON.stringify(body)}`)
  const consignments = Object.fromEntries(
    body.recipients.map((each: { agency: string; consignment: string }) => [each.agency, each.consignment]),
  )
  return { dispatch: body.dispatch, consignments, packet }
}

export interface Attempt {
  readonly attempt: number
  readonly outcome: string | null
  readonly code: string | null
  readonly http_status: number | null
  readonly answer: string | null
}

export async function attemptsOf(world: World, consignment: string): Promise<Attempt[]> {
  const sql =
    'select attempt, outcome, code, http_status, answer from delivery_attempt where consignment_id = $1 order by attempt'
  return (await world.eyes.query<Attempt>(sql, [consignment])).rows
}

/** The dispatch as its sender sees it, once it is closed. */
export function closed(world: World, dispatch: string, ms?: number) {
  return world.until(async () => {
    const { body } = await world.call('demo-g12', 'GET', `/v1/dispatches/${dispatch}`)
    return body.state === 'CLOSED' && body
  }, ms)
}

export async function state(world: World, consignment: string): Promise<string | undefined> {
  return (await world.eyes.query('select state from consignment where id = $1', [consignment])).rows[0]?.state
}
