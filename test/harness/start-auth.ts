import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerOptions as TlsOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { buildHttpServer, type HttpServer } from '../../libs/http/index.ts'
import { addAgency, addSystem, addSystemKey, front, openRegistry, type Registry } from '../../libs/registry/index.ts'
import { type Clock, createLogger } from '../../libs/runtime/index.ts'
import { openPool, type Pool } from '../../libs/store/index.ts'
import { callerOf } from '../../services/gateway/auth/caller.ts'
import { type Auth, createAuth } from '../../services/gateway/auth/create-auth.ts'
import { loadTokenKey } from '../../services/gateway/auth/token-key.ts'
import { addTokenRoute } from '../../services/gateway/auth/token-route.ts'
import { createDatabase, type TestDatabase } from './create-database.ts'
import type { Teardown } from './teardown.ts'

export const PUBLIC_URL = 'https://truc.example'
export const TOKEN_ENDPOINT = `${PUBLIC_URL}/v1/token`
export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** A database with two systems: `hub-a` fronts H26 and what is below (H26.99), `hub-b` H53. */
export interface AuthWorld {
  readonly database: TestDatabase
  /** May write the registry. */
  readonly operator: Pool
  /** Registered for hub-a under the kid `a-1`; hub-b has one under `b-1`. */
  readonly keyA: KeyObject
  readonly keyB: KeyObject
  /** Folder with the token key. */
  readonly keyDir: string
}

export async function createAuthWorld(t: Teardown): Promise<AuthWorld> {
  const database = await createDatabase(t)
  const operator = openPool(database.url('cli'), { name: 'operator', max: 2 })
  t.teardown(() => operator.end())
  const keys = ['a', 'b'].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
  for (const [at, code] of ['H26', 'H53'].entries()) {
    const name = 'ab'[at]
    const systemCode = `hub-${name}`
    await addSystem(operator, { code: systemCode, name: systemCode })
    await addAgency(operator, { code, name: `UBND ${code}` })
    await addAgency(operator, { code: `${code}.99`, name: `Phòng ${code}.99` })
    await front(operator, systemCode, code, { withDescendants: true })
    const publicJwk = keys[at]?.publicKey.export({ format: 'jwk' }) as object
    await addSystemKey(operator, { systemCode, kid: `${name}-1`, publicJwk })
  }
  const keyDir = mkdtempSync(join(tmpdir(), 'lt-keys-'))
  t.teardown(() => rmSync(keyDir, { recursive: true }))
  const tokenKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  writeFileSync(join(keyDir, 'token.key.pem'), tokenKey.export({ type: 'pkcs8', format: 'pem' }))
  return { database, operator, keyA: keys[0]?.privateKey as KeyObject, keyB: keys[1]?.privateKey as KeyObject, keyDir }
}

export interface AuthServer {
  readonly url: string
  readonly server: HttpServer
  readonly auth: Auth
  readonly registry: Registry
  readonly pool: Pool
  stop(): Promise<void>
}

export interface AuthServerOptions {
  readonly clock?: Clock
  readonly tls?: TlsOptions
  /** Where used assertions are recorded; the database of the world unless told. */
  readonly assertionsUrl?: string
  readonly failuresPerMinute?: number
  readonly systemRequestsPerMinute?: number
  readonly tokensPerMinute?: number
}

/** One gateway process, as far as authentication goes: `POST /v1/token`, `GET /v1/me`, `GET /v1/agencies/:code`. */
export async function startAuth(t: Teardown, world: AuthWorld, options: AuthServerOptions = {}): Promise<AuthServer> {
  const { clock, tls, failuresPerMinute = 10_000, systemRequestsPerMinute = 10_000, tokensPerMinute = 10_000 } = options
  const stopping = new AbortController()
  const pool = openPool(world.database.url('gateway'), { name: 'gateway', max: 4 })
  const assertions = options.assertionsUrl ? openPool(options.assertionsUrl, { name: 'assertions', max: 2 }) : pool
  const log = createLogger('auth-test', { level: 'silent' })
  const registry = await openRegistry({ pool, signal: stopping.signal })
  const server = await buildHttpServer({
    name: 'auth-test',
    log,
    bodyLimit: 10_000,
    requestTimeoutMs: 30_000,
    headersTimeoutMs: 10_000,
    maxHeaderBytes: 16_384,
    ...(tls ? { tls } : {}),
  })
  const auth = createAuth(server, {
    directory: registry,
    database: assertions,
    tokenKey: loadTokenKey(world.keyDir),
    publicUrl: PUBLIC_URL,
    systemRequestsPerMinute,
    failuresPerMinute,
    tokensPerMinute,
    ...(clock ? { clock } : {}),
  })
  addTokenRoute(server, auth)
  server.get('/v1/me', { onRequest: auth.requireSystem }, async (request) => {
    const { credential, ...caller } = callerOf(request)
    return { ...caller, via: credential.via }
  })
  server.get('/v1/agencies/:code', { onRequest: auth.requireSystem }, async (request) => {
    auth.actsFor(callerOf(request), (request.params as { code: string }).code)
    return { fine: true }
  })
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      stopping.abort()
      await server.close()
      if (assertions !== pool) await assertions.end()
      await pool.end()
    })()
    return stopped
  }
  t.teardown(stop)
  return { url, server, auth, registry, pool, stop }
}

/** What a well-behaved client signs; each test changes one thing. */
export interface AssertionParts {
  readonly key: KeyObject | Uint8Array
  readonly header?: Record<string, unknown>
  readonly claims?: Record<string, unknown>
}

export function signAssertion({ key, header = {}, claims = {} }: AssertionParts): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    iss: 'hub-a',
    sub: 'hub-a',
    aud: TOKEN_ENDPOINT,
    iat: now,
    exp: now + 60,
    jti: randomUUID(),
    ...claims,
  }
  const kept = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined))
  return new SignJWT(kept).setProtectedHeader({ alg: 'ES256', kid: 'a-1', typ: 'JWT', ...header }).sign(key)
}

export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown> & { access_token: string; code?: string; error?: string }
}

export async function askToken(
  url: string,
  assertion: string,
  more: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const form = {
    grant_type: 'client_credentials',
    client_assertion_type: JWT_BEARER,
    client_assertion: assertion,
    ...more,
  }
  const response = await fetch(`${url}/v1/token`, { method: 'POST', headers, body: new URLSearchParams(form) })
  return { status: response.status, headers: response.headers, body: (await response.json()) as TokenAnswer['body'] }
}

export function getMe(url: string, token: string, path = '/v1/me'): Promise<Response> {
  return fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
}
