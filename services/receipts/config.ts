import { sharedSettings } from '../../libs/runtime/index.ts'
import { type Static, Type } from '../../libs/schema/index.ts'

export const receiptsConfig = Type.Object({
  databaseUrl: sharedSettings.databaseUrl,
  natsUrl: sharedSettings.natsUrl,
  healthPort: sharedSettings.healthPort,
  readBatch: Type.Integer({ minimum: 1, maximum: 1000, default: 1000, description: 'log entries read at a time' }),
  readGatherMs: Type.Integer({
    minimum: 0,
    maximum: 1000,
    default: 20,
    description: 'pause after a step, so that what comes meanwhile is read together',
  }),
  readIdleMs: Type.Integer({
    minimum: 10,
    maximum: 10_000,
    default: 1000,
    description: 'pause between two looks that find nothing',
  }),
})
export type ReceiptsConfig = Static<typeof receiptsConfig>
