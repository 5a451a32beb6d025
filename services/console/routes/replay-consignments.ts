import type { HttpServer } from '../../../libs/http/index.ts'
import { countSkips, countTargets, type Operations, operate, planOperation } from '../../../libs/pipeline/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import type { OperableQuery } from '../../../libs/store/index.ts'
import { operatorOf } from '../identify-caller.ts'
import { describeRequest, filedShape, reasonShape, timeShape, uuidShape } from './answer-shapes.ts'

/** Ids shown of a dry run at most; the counts are of all. */
const SAMPLE = 100

const code = Type.String({ minLength: 1, maxLength: 64, pattern: '^[0-9A-Za-z._-]+$' })
const selector = Type.Object(
  {
    state: Type.Enum(['DEAD', 'EXPIRED']),
    agency: Type.Optional(code),
    system: Type.Optional(code),
    code: Type.Optional(Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9_-]+$', description: 'what it ended with' })),
    since: Type.Optional(timeShape),
    until: Type.Optional(timeShape),
    dispatch: Type.Optional(uuidShape),
  },
  { additionalProperties: false },
)
const body = Type.Object(
  { selector, dryRun: Type.Optional(Type.Boolean()), reason: Type.Optional(reasonShape) },
  { additionalProperties: false },
)
const skipped = Type.Array(Type.Object({ code: Type.String(), title: Type.String(), count: Type.Integer() }))
const answer = Type.Object({
  dryRun: Type.Boolean(),
  moved: Type.Integer({ description: 'consignments queued again, or that would be' }),
  targets: Type.Array(
    Type.Object({
      to: Type.String(),
      agency: Type.String(),
      system: Type.Union([Type.String(), Type.Null()]),
      suspended: Type.Boolean({ description: 'the system is suspended: it goes no further until resumed' }),
      count: Type.Integer(),
      updatePending: Type.Integer({ description: 'of these, with an update that the receiver has not answered' }),
    }),
  ),
  skipped,
  consignments: Type.Array(uuidShape, { description: `the first ${SAMPLE}` }),
})

/** POST /operator/v1/replays: queues again what ended without arriving, by query; `dryRun` only says what would happen to whom. */
export function registerReplayConsignments(server: HttpServer, operations: Operations): void {
  server.post(
    '/operator/v1/replays',
    {
      schema: {
        operationId: 'replayConsignments',
        summary: 'Queue dead or expired consignments again, by query',
        body,
        response: { 200: answer, 202: filedShape },
      },
    },
    async (request, reply) => {
      const { selector: wanted, dryRun = false, reason = '' } = request.body
      const selection = { query: queryOf(wanted) }
      if (dryRun) {
        const { moves, skipped: left } = await planOperation(operations, 'requeue', selection)
        return describe(true, moves, left)
      }
      const operated = await operate(
        operations,
        { on: 'consignments', action: 'requeue', selection },
        { operator: operatorOf(request), reason, requestId: request.id },
      )
      if (operated.kind === 'filed') return reply.code(202).send({ request: describeRequest(operated.request) })
      const { result } = operated
      return 'done' in result ? describe(false, result.done, result.skipped) : describe(false, [], [])
    },
  )
}

function describe(dryRun: boolean, moves: Parameters<typeof countTargets>[0], left: Parameters<typeof countSkips>[0]) {
  return {
    dryRun,
    moved: moves.length,
    targets: countTargets(moves).map((each) => ({ ...each })),
    skipped: countSkips(left),
    consignments: moves.slice(0, SAMPLE).map(({ id }) => id),
  }
}

function queryOf({
  state,
  agency,
  system,
  code: reason,
  since,
  until,
  dispatch,
}: {
  state: OperableQuery['state']
  agency?: string
  system?: string
  code?: string
  since?: string
  until?: string
  dispatch?: string
}): OperableQuery & { system?: string } {
  return {
    state,
    ...(agency === undefined ? {} : { agencies: [agency] }),
    ...(system === undefined ? {} : { system }),
    ...(reason === undefined ? {} : { reason }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(dispatch === undefined ? {} : { dispatch }),
  }
}
