import { BusError } from '../../../libs/errors/index.ts'
import { answerTo, type FastifyReply, type HttpServer, problemShape } from '../../../libs/http/index.ts'
import { Type } from '../../../libs/schema/index.ts'
import { SCOPE, TOKEN_TTL_S } from './access-token.ts'
import type { Auth } from './create-auth.ts'

const FORM = 'application/x-www-form-urlencoded'
const MAX_FORM_BYTES = 16 * 1024
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Errors of RFC 6749 5.2 by our codes; every other 4xx is `invalid_client` when it is a 401 and `invalid_request` otherwise. */
const OAUTH_ERRORS: Readonly<Record<string, string>> = {
  LT_AUTH_GRANT_UNSUPPORTED: 'unsupported_grant_type',
  LT_AUTH_SCOPE_INVALID: 'invalid_scope',
  LT_AUTH_SUSPENDED: 'unauthorized_client',
  LT_HTTP_TOO_MANY_REQUESTS: 'temporarily_unavailable',
}

const Body = Type.Object({
  grant_type: Type.String({ description: 'client_credentials' }),
  client_assertion_type: Type.Optional(Type.String({ description: JWT_BEARER })),
  client_assertion: Type.Optional(
    Type.String({
      description: 'signed JWT: iss = sub = system code, aud = this address, exp at most 5 minutes ahead, jti',
    }),
  ),
  client_id: Type.Optional(Type.String({ description: 'system code' })),
  client_secret: Type.Optional(Type.String({ description: 'not accepted' })),
  scope: Type.Optional(Type.String({ description: SCOPE })),
})

const Answer = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'seconds' }),
  scope: Type.String(),
})

const REFUSED = {
  description: 'Refused: the members of RFC 6749 5.2 and those of a problem',
  content: {
    'application/json': {
      schema: Type.Object({ error: Type.String(), error_description: Type.String(), ...problemShape.properties }),
    },
  },
}

/**
 * `POST /v1/token`: OAuth 2.0 client credentials (RFC 6749 4.4) with a signed client assertion (RFC 7523 2.2). Errors have
 * the members of RFC 6749 5.2 and those of every other problem of ours.
 */
export function addTokenRoute(server: HttpServer, auth: Auth): void {
  server.register(async (scope: HttpServer) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser<string>(
      FORM,
      { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
      async (_request: unknown, text: string) => parseForm(text),
    )
    scope.post(
      '/v1/token',
      {
        config: { openApi: { answers: { '4XX': REFUSED, '5XX': REFUSED } } },
        schema: {
          security: [],
          operationId: 'issueToken',
          summary: 'Get an access token for a system',
          tags: ['token'],
          consumes: [FORM],
          body: Body,
          response: { 200: Answer },
        },
        errorHandler: (error, request, reply) => {
          const { status, headers, body } = answerTo(error, request, MAX_FORM_BYTES)
          const { 'www-authenticate': _challenge, ...rest } = headers
          const oauth =
            OAUTH_ERRORS[body.code] ??
            (status >= 500 ? 'temporarily_unavailable' : status === 401 ? 'invalid_client' : 'invalid_request')
          const description = body.texts.en.title.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?')
          const plain = reply as unknown as FastifyReply
          void plain
            .removeHeader('connection')
            .code(status)
            .headers(rest)
            .type('application/json; charset=utf-8')
            .serializer(JSON.stringify)
            .send({ error: oauth, error_description: description, ...body })
        },
      },
      async (request, reply) => {
        const {
          grant_type,
          client_assertion_type,
          client_assertion,
          client_id,
          client_secret,
          scope: wanted,
        } = request.body
        if (grant_type !== 'client_credentials') throw new BusError('LT_AUTH_GRANT_UNSUPPORTED')
        const otherMethod = client_secret !== undefined || request.headers.authorization !== undefined
        if (otherMethod || client_assertion_type !== JWT_BEARER || client_assertion === undefined)
          throw new BusError('LT_AUTH_METHOD_UNSUPPORTED')
        if (wanted !== undefined && wanted !== SCOPE) throw new BusError('LT_AUTH_SCOPE_INVALID')
        const access_token = await auth.issueToken(request, client_assertion, client_id)
        reply.header('pragma', 'no-cache')
        return { access_token, token_type: 'Bearer' as const, expires_in: TOKEN_TTL_S, scope: SCOPE }
      },
    )
  })
}

/** Each parameter at most once (RFC 6749 3.2); a parameter without a value counts as left out. */
function parseForm(text: string): Record<string, string> {
  const form: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    if (name in form)
      throw new BusError('LT_HTTP_INVALID_REQUEST', { field: `body.${name.slice(0, 60)}`, detail: 'stands twice' })
    if (value !== '') form[name] = value
  }
  return form
}
