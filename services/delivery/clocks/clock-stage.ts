import type { Bus } from '../../../libs/bus/index.ts'
import type { Logger } from '../../../libs/runtime/index.ts'
import type { Pool } from '../../../libs/store/index.ts'
import type { DeliveryConfig } from '../config.ts'
import type { ContactRegistry } from '../notices/find-contact.ts'
import type { ClockPolicy } from './clock-rules.ts'

/** What the clocks work with. */
export interface ClockStage {
  readonly config: DeliveryConfig
  readonly log: Logger
  readonly pool: Pool
  readonly bus: Pick<Bus, 'publish'>
  readonly registry: ContactRegistry
  readonly policy: ClockPolicy
}
