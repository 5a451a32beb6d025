import { sharedSettings } from '../../libs/runtime/index.ts'
import { type Static, Type } from '../../libs/schema/index.ts'

export const consoleConfig = Type.Object({
  databaseUrl: sharedSettings.databaseUrl,
  natsUrl: sharedSettings.natsUrl,
  listenHost: sharedSettings.listenHost,
  listenPort: sharedSettings.listenPort,
  healthPort: sharedSettings.healthPort,
  tlsCertificateFile: sharedSettings.tlsCertificateFile,
  tlsKeyFile: sharedSettings.tlsKeyFile,
  operatorFailuresPerMinute: Type.Integer({
    minimum: 1,
    maximum: 10_000,
    default: 30,
    description: 'wrong access keys from one address per minute',
  }),
})
export type ConsoleConfig = Static<typeof consoleConfig>
