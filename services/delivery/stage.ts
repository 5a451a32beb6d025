import type { BlobStore } from '../../libs/blobs/index.ts'
import type { Bus } from '../../libs/bus/index.ts'
import type { OutgoingClient, RequestSigner } from '../../libs/http/index.ts'
import type { Queues } from '../../libs/queue/index.ts'
import type { Registry } from '../../libs/registry/index.ts'
import type { Logger } from '../../libs/runtime/index.ts'
import type { Pool } from '../../libs/store/index.ts'
import type { AttemptCommits } from './commit-attempts.ts'
import type { DeliveryConfig } from './config.ts'
import type { Breakers } from './keep-breakers.ts'
import type { PushPace } from './pace-pushes.ts'

/** What the steps of this stage work with. */
export interface Stage {
  readonly config: DeliveryConfig
  readonly log: Logger
  readonly pool: Pool
  readonly blobs: BlobStore
  readonly registry: Registry
  readonly bus: Pick<Bus, 'publish'>
  readonly queues: Queues
  readonly client: OutgoingClient
  readonly signer: RequestSigner
  readonly commits: AttemptCommits
  readonly breakers: Breakers
  readonly pace: PushPace
  /** Signs posts to web hooks. */
  readonly hookSigner: RequestSigner
  /** Aborted: nothing new is begun, and what waits for its turn gives up. */
  readonly stopping: AbortSignal
  /** Aborted: pushes under way are given up at once. */
  readonly hurry: AbortSignal
}
