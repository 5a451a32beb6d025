import { buildHttpServer, exportOpenApi } from '../../libs/http/index.ts'
import { createLogger } from '../../libs/runtime/index.ts'
import { API } from '../../services/gateway/api-description.ts'
import { addTokenRoute } from '../../services/gateway/auth/token-route.ts'
import type { Gateway } from '../../services/gateway/gateway.ts'
import { registerRoutes } from '../../services/gateway/register-routes.ts'
import { registerShowKeys } from '../../services/gateway/routes/show-keys.ts'

/** Where the description of the native API is committed, so that a change of the API shows in review. */
export const OPENAPI_FILE = 'schemas/json/openapi.json'

/** OpenAPI 3.1 of the native API, from the schemas of its routes; nothing listens and nothing is called. */
export async function describeApi(): Promise<string> {
  const server = await buildHttpServer({
    name: 'description',
    log: createLogger('description', { level: 'silent' }),
    bodyLimit: 1024,
    requestTimeoutMs: 1000,
    headersTimeoutMs: 1000,
    maxHeaderBytes: 16_384,
    openApi: API,
  })
  const nobody = { requireSystem: async () => undefined }
  addTokenRoute(server, nobody as never)
  registerShowKeys(server, nobody as never)
  await registerRoutes(server, {} as Gateway, nobody)
  await server.ready()
  const text = exportOpenApi(server)
  await server.close()
  return text
}
