import type { BlobStore } from '../../libs/blobs/index.ts'
import type { Bus } from '../../libs/bus/index.ts'
import type { FastifyRequest } from '../../libs/http/index.ts'
import type { RenderOptions } from '../../libs/pipeline/index.ts'
import type { Registry } from '../../libs/registry/index.ts'
import type { Logger } from '../../libs/runtime/index.ts'
import type { Pool, SystemRow } from '../../libs/store/index.ts'
import type { GatewayConfig } from './config.ts'
import type { ConsignmentFinder } from './mailbox/find-own.ts'
import type { ConsignmentMover } from './mailbox/move-consignments.ts'
import type { ReceiverCheck } from './mailbox/verify-receiver.ts'
import type { MailboxWatch } from './mailbox/watch-mailboxes.ts'
import type { NoticeWatch } from './mailbox/watch-notices.ts'
import type { SeenRecorder } from './record-seen.ts'
import type { SubmitOptions } from './submit-dispatch.ts'

/** What the routes of the native door work with. */
export interface Gateway {
  readonly config: GatewayConfig
  readonly log: Logger
  readonly pool: Pool
  readonly bus: Bus
  readonly blobs: BlobStore
  readonly registry: Registry
  readonly submission: SubmitOptions
  readonly receipts: RenderOptions
  readonly mover: ConsignmentMover
  readonly findConsignment: ConsignmentFinder
  readonly verifyReceiver: ReceiverCheck
  readonly mailboxes: MailboxWatch
  readonly notices: NoticeWatch
  readonly seen: SeenRecorder
  /** No open consignment of a mailbox has an id below it. */
  mailboxFloor(): string
  /** The registry's row of the calling system. @throws BusError LT_AUTH_SUSPENDED */
  systemOf(request: FastifyRequest): SystemRow
}
