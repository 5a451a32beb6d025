import { sharedSettings } from '../../libs/runtime/index.ts'
import { type Static, Type } from '../../libs/schema/index.ts'

export const receiptsConfig = Type.Object({
  databaseUrl: sharedSettings.databaseUrl,
  natsUrl: sharedSettings.natsUrl,
  healthPort: sharedSettings.healthPort,
  keyDir: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'folder of the keys; without it receipts do not come along with notices to web hooks',
    }),
  ),
  axisName: Type.String({ default: 'Liên Thông', description: 'name of this axis in receipts' }),
  hookQueueLength: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 10_000,
    description: 'notices kept for one web hook that does not answer; after them it is told to look for itself',
  }),
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
