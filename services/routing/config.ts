import { sharedSettings } from '../../libs/runtime/index.ts'
import { type Static, Type } from '../../libs/schema/index.ts'

export const routingConfig = Type.Object({
  databaseUrl: sharedSettings.databaseUrl,
  natsUrl: sharedSettings.natsUrl,
  healthPort: sharedSettings.healthPort,
  batchSize: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 200,
    description: 'dispatches routed in one commit at most',
  }),
  consignmentsPerCommit: Type.Integer({
    minimum: 1,
    maximum: 50_000,
    default: 10_000,
    description: 'consignments made in one commit at most',
  }),
  sweepIdleMs: Type.Integer({
    minimum: 50,
    maximum: 60_000,
    default: 1000,
    description: 'pause between two sweeps that find nothing',
  }),
})
export type RoutingConfig = Static<typeof routingConfig>
