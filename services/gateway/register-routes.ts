import type { HttpServer } from '../../libs/http/index.ts'
import type { Auth } from './auth/create-auth.ts'
import type { Gateway } from './gateway.ts'
import { registerCheckDispatch } from './routes/check-dispatch.ts'
import { registerComposePacket } from './routes/compose-packet.ts'
import { registerEndConsignments } from './routes/end-consignments.ts'
import { registerFetchContent } from './routes/fetch-content.ts'
import { registerFetchReceipts } from './routes/fetch-receipts.ts'
import { registerLeaseConsignments } from './routes/lease-consignments.ts'
import { registerListMailbox } from './routes/list-mailbox.ts'
import { registerListReceipts } from './routes/list-receipts.ts'
import { registerReleaseConsignments } from './routes/release-consignments.ts'
import { registerResendConsignment } from './routes/resend-consignment.ts'
import { registerShowAgencies } from './routes/show-agencies.ts'
import { registerShowConsignment } from './routes/show-consignment.ts'
import { registerShowDispatch } from './routes/show-dispatch.ts'
import { registerShowReceipt } from './routes/show-receipt.ts'
import { registerSubmitDispatch } from './routes/submit-dispatch.ts'
import { registerWatchEvents } from './routes/watch-events.ts'

const ROUTES: readonly ((server: HttpServer, gateway: Gateway) => void)[] = [
  registerSubmitDispatch,
  registerCheckDispatch,
  registerComposePacket,
  registerShowDispatch,
  registerListReceipts,
  registerShowReceipt,
  registerFetchReceipts,
  registerResendConsignment,
  registerListMailbox,
  registerLeaseConsignments,
  registerFetchContent,
  registerShowConsignment,
  registerEndConsignments,
  registerReleaseConsignments,
  registerWatchEvents,
  registerShowAgencies,
]

/** Every route of the native API, behind authentication: the caller is known before a byte of a body is read. */
export async function registerRoutes(
  server: HttpServer,
  gateway: Gateway,
  auth: Pick<Auth, 'requireSystem'>,
): Promise<void> {
  await server.register(async (scope: HttpServer) => {
    scope.addHook('onRequest', (request) => auth.requireSystem(request))
    for (const register of ROUTES) register(scope, gateway)
  })
}
