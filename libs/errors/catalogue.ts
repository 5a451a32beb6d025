import { attachmentErrors } from './areas/attachment.ts'
import { authErrors } from './areas/auth.ts'
import { backupErrors } from './areas/backup.ts'
import { businessErrors } from './areas/business.ts'
import { businessTargetErrors } from './areas/business-target.ts'
import { certificateErrors } from './areas/certificate.ts'
import { clientErrors } from './areas/client.ts'
import { configErrors } from './areas/config.ts'
import { deliveryErrors } from './areas/delivery.ts'
import { doorErrors } from './areas/door.ts'
import { envelopeErrors } from './areas/envelope.ts'
import { evidenceErrors } from './areas/evidence.ts'
import { httpErrors } from './areas/http.ts'
import { logErrors } from './areas/log.ts'
import { mailboxErrors } from './areas/mailbox.ts'
import { noticeErrors } from './areas/notice.ts'
import { operationErrors } from './areas/operation.ts'
import { registryErrors } from './areas/registry.ts'
import { schemaErrors } from './areas/schema.ts'
import { signatureErrors } from './areas/signature.ts'
import { storeErrors } from './areas/store.ts'
import { submissionErrors } from './areas/submission.ts'
import { upstreamErrors } from './areas/upstream.ts'
import type { CatalogueEntry } from './entry.ts'

/** Every error the axis can answer with, by its stable code. Codes are never renamed: callers branch on them. */
export const catalogue = {
  ...envelopeErrors,
  ...schemaErrors,
  ...attachmentErrors,
  ...businessErrors,
  ...businessTargetErrors,
  ...signatureErrors,
  ...certificateErrors,
  ...evidenceErrors,
  ...registryErrors,
  ...authErrors,
  ...doorErrors,
  ...mailboxErrors,
  ...logErrors,
  ...submissionErrors,
  ...deliveryErrors,
  ...operationErrors,
  ...noticeErrors,
  ...storeErrors,
  ...backupErrors,
  ...httpErrors,
  ...configErrors,
  ...clientErrors,
  ...upstreamErrors,
} satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof catalogue
