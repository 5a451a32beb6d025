import type { FastifyRequest, HttpServer } from '../../libs/http/index.ts'
import type { Operations } from '../../libs/pipeline/index.ts'
import { registerChangePolicies } from './routes/change-policies.ts'
import { registerDecideRequests } from './routes/decide-requests.ts'
import { registerListRequests } from './routes/list-requests.ts'
import { registerListStuck } from './routes/list-stuck.ts'
import { registerMoveConsignments } from './routes/move-consignments.ts'
import { registerReplayConsignments } from './routes/replay-consignments.ts'
import { registerSetMaintenance } from './routes/set-maintenance.ts'
import { registerSuspendSystems } from './routes/suspend-systems.ts'

const ROUTES: readonly ((server: HttpServer, operations: Operations) => void)[] = [
  registerMoveConsignments,
  registerReplayConsignments,
  registerListRequests,
  registerDecideRequests,
  registerChangePolicies,
  registerSuspendSystems,
  registerSetMaintenance,
  registerListStuck,
]

/** Every route of the operators' API, behind `requireOperator`: who calls is known before a byte of a body is read. */
export async function registerRoutes(
  server: HttpServer,
  operations: Operations,
  requireOperator: (request: FastifyRequest) => Promise<void>,
): Promise<void> {
  await server.register(async (scope: HttpServer) => {
    scope.addHook('onRequest', requireOperator)
    for (const register of ROUTES) register(scope, operations)
  })
}
