import type { OpenApiInfo } from '../../libs/http/index.ts'

/** Head of the OpenAPI description; the routes' schemas are the rest. */
export const API: OpenApiInfo = {
  title: 'Liên Thông native API',
  version: '1',
  description:
    'Agencies send each other signed electronic official documents by identifier code and get proof of what happened to each one. ' +
    'Every refusal is application/problem+json with a stable code, who must act, what to do, and whether a retry can help.',
  securitySchemes: {
    token: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: '/v1/token', scopes: {} } } },
    certificate: { type: 'mutualTLS' },
  },
}
