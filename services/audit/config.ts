import { sharedSettings } from '../../libs/runtime/index.ts'
import { type Static, Type } from '../../libs/schema/index.ts'

export const auditConfig = Type.Object({
  databaseUrl: sharedSettings.databaseUrl,
  natsUrl: sharedSettings.natsUrl,
  healthPort: sharedSettings.healthPort,
  sequenceBatch: Type.Integer({
    minimum: 1,
    maximum: 20_000,
    default: 5000,
    description: 'entries sequenced in one commit at most',
  }),
  sequenceGatherMs: Type.Integer({
    minimum: 0,
    maximum: 1000,
    default: 20,
    description: 'pause after a commit, so that what comes meanwhile is sequenced together',
  }),
  sequenceIdleMs: Type.Integer({
    minimum: 10,
    maximum: 10_000,
    default: 500,
    description: 'pause between two looks that find nothing',
  }),
})
export type AuditConfig = Static<typeof auditConfig>
