import { createHmac, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { decodeJwt, SignJWT } from 'jose'
import t from 'tap'
import { loadTokenKey } from '../../services/gateway/auth/token-key.ts'
import { suspendSystem } from '../harness/operators.ts'
import {
  type AssertionParts,
  askToken,
  createAuthWorld,
  getMe,
  PUBLIC_URL,
  signAssertion,
  startAuth,
  TOKEN_ENDPOINT,
} from '../harness/start-auth.ts'

const world = await createAuthWorld(t)
const { url, registry, pool } = await startAuth(t, world)
const { keyA, keyB } = world
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const now = (): number => Math.floor(Date.now() / 1000)
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const goodClaims = () => ({ iss: 'hub-a', sub: 'hub-a', aud: TOKEN_ENDPOINT, exp: now() + 60, jti: randomUUID() })

async function used(): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('select count(*)::int as count from used_assertion')
  return rows[0]?.count as number
}

t.test('an assertion that no registered key made proves nothing, whoever it names', async (t) => {
  const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicPem = createPublicKey(keyA).export({ type: 'spki', format: 'pem' }) as string
  const hmac = (secret: string | Buffer, header: object): string => {
    const text = `${encode(header)}.${encode(goodClaims())}`
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  }
  const good = await signAssertion({ key: keyA })
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const strangerJwk = createPublicKey(stranger).export({ format: 'jwk' })
  const cases: Record<string, [string, string]> = {
    'alg none': [`${encode({ alg: 'none' })}.${encode(goodClaims())}.`, 'LT_AUTH_ASSERTION_MALFORMED'],
    'alg none with a signature': [
      `${encode({ alg: 'none' })}.${encode(goodClaims())}.${signature}`,
      'LT_AUTH_ASSERTION_ALGORITHM',
    ],
    'alg nOnE': [`${encode({ alg: 'nOnE' })}.${encode(goodClaims())}.${signature}`, 'LT_AUTH_ASSERTION_ALGORITHM'],
    'no alg': [`${encode({ kid: 'a-1' })}.${encode(goodClaims())}.${signature}`, 'LT_AUTH_ASSERTION_ALGORITHM'],
    'HS256 with the public key as secret': [
      hmac(publicPem, { alg: 'HS256', kid: 'a-1' }),
      'LT_AUTH_ASSERTION_ALGORITHM',
    ],
    'an HMAC that says ES256': [hmac(publicPem, { alg: 'ES256', kid: 'a-1' }), 'LT_AUTH_CLIENT_UNKNOWN'],
    'another key under a known kid': [await signAssertion({ key: stranger }), 'LT_AUTH_CLIENT_UNKNOWN'],
    'another key without a kid': [
      await signAssertion({ key: stranger, header: { kid: undefined } }),
      'LT_AUTH_CLIENT_UNKNOWN',
    ],
    'the kid of another system': [await signAssertion({ key: keyB, header: { kid: 'b-1' } }), 'LT_AUTH_CLIENT_UNKNOWN'],
    'an unknown kid': [await signAssertion({ key: keyA, header: { kid: 'a-2' } }), 'LT_AUTH_CLIENT_UNKNOWN'],
    'a kid that is a path': [
      await signAssertion({ key: keyA, header: { kid: '../../dev/null' } }),
      'LT_AUTH_CLIENT_UNKNOWN',
    ],
    'a kid that is no text': [
      `${encode({ alg: 'ES256', kid: { a: 1 } })}.${payload}.${signature}`,
      'LT_AUTH_ASSERTION_MALFORMED',
    ],
    'RS256 for a system with an EC key': [
      await signAssertion({ key: rsa, header: { alg: 'RS256', kid: undefined } }),
      'LT_AUTH_CLIENT_UNKNOWN',
    ],
    'an unknown system': [
      await signAssertion({ key: keyA, claims: { iss: 'hub-x', sub: 'hub-x' } }),
      'LT_AUTH_CLIENT_UNKNOWN',
    ],
    'the id of a system for its code': [
      await signAssertion({
        key: keyA,
        claims: { iss: registry.system('hub-a')?.id, sub: registry.system('hub-a')?.id },
      }),
      'LT_AUTH_CLIENT_UNKNOWN',
    ],
    'a name every object has': [
      await signAssertion({ key: keyA, claims: { iss: '__proto__', sub: '__proto__' } }),
      'LT_AUTH_CLIENT_UNKNOWN',
    ],
    'its own key in the header': [
      await signAssertion({ key: stranger, header: { jwk: strangerJwk } }),
      'LT_AUTH_CLIENT_UNKNOWN',
    ],
    'an address of keys in the header': [
      await signAssertion({ key: stranger, header: { jku: `${url}/keys`, x5u: `${url}/certificate` } }),
      'LT_AUTH_CLIENT_UNKNOWN',
    ],
    'an unknown critical header': [await signWithCrit(), 'LT_AUTH_ASSERTION_MALFORMED'],
    'a changed payload': [
      `${header}.${encode({ ...goodClaims(), iss: 'hub-a' })}.${signature}`,
      'LT_AUTH_CLIENT_UNKNOWN',
    ],
    'no signature': [`${header}.${payload}.`, 'LT_AUTH_ASSERTION_MALFORMED'],
    'four pieces': [`${good}.x`, 'LT_AUTH_ASSERTION_MALFORMED'],
    'a payload that is no object': [`${header}.${encode('x')}.${signature}`, 'LT_AUTH_ASSERTION_MALFORMED'],
    'a header that is no JSON': [
      `${Buffer.from('{').toString('base64url')}.${payload}.${signature}`,
      'LT_AUTH_ASSERTION_MALFORMED',
    ],
    'no issuer': [await signAssertion({ key: keyA, claims: { iss: undefined } }), 'LT_AUTH_ASSERTION_MALFORMED'],
    'too long': [`${header}.${payload}${'A'.repeat(9_000)}.${signature}`, 'LT_AUTH_ASSERTION_MALFORMED'],
  }
  for (const [name, [assertion, code]] of Object.entries(cases)) {
    const answer = await askToken(url, assertion)
    t.strictSame([answer.status, answer.body.error, answer.body.code], [401, 'invalid_client', code], name)
    t.equal(answer.body.access_token, undefined, name)
  }
  t.equal(await used(), 0, 'nothing of it was written down')
})

async function signWithCrit(): Promise<string> {
  return await new SignJWT(goodClaims())
    .setProtectedHeader({ alg: 'ES256', kid: 'a-1', crit: ['x-new'], 'x-new': true } as never)
    .sign(keyA, { crit: { 'x-new': true } })
}

t.test('an unknown system and a wrong key get the same answer', async (t) => {
  const plain = async (assertion: string): Promise<unknown> => {
    const { status, body } = await askToken(url, assertion)
    const { traceId: _traceId, ...rest } = body
    return { status, ...rest }
  }
  const unknown = await plain(await signAssertion({ key: stranger, claims: { iss: 'hub-x', sub: 'hub-x' } }))
  const expiredUnknown = await plain(
    await signAssertion({ key: stranger, claims: { iss: 'hub-x', sub: 'hub-x', exp: 1 } }),
  )
  const wrongKey = await plain(await signAssertion({ key: stranger }))
  const expiredWrongKey = await plain(await signAssertion({ key: stranger, claims: { exp: 1, aud: 'x' } }))
  t.strictSame(unknown, wrongKey)
  t.strictSame(expiredUnknown, wrongKey)
  t.strictSame(expiredWrongKey, wrongKey, 'not even that it is expired is told')
})

t.test('a signed assertion with claims that must not be', async (t) => {
  const cases: Record<string, [AssertionParts['claims'], string, string?]> = {
    expired: [{ exp: now() - 31 }, 'LT_AUTH_ASSERTION_EXPIRED'],
    'good for too long': [{ exp: now() + 400 }, 'LT_AUTH_ASSERTION_CLAIM', 'exp'],
    'good for ever': [{ exp: Number.MAX_SAFE_INTEGER }, 'LT_AUTH_ASSERTION_CLAIM', 'exp'],
    'no exp': [{ exp: undefined }, 'LT_AUTH_ASSERTION_CLAIM', 'exp'],
    'exp is a text': [{ exp: String(now() + 60) }, 'LT_AUTH_ASSERTION_CLAIM', 'exp'],
    'made in the future': [{ iat: now() + 60 }, 'LT_AUTH_ASSERTION_CLAIM', 'iat'],
    'not yet good': [{ nbf: now() + 60 }, 'LT_AUTH_ASSERTION_CLAIM', 'nbf'],
    'another audience': [{ aud: 'https://other.example/v1/token' }, 'LT_AUTH_ASSERTION_CLAIM', 'aud'],
    'the audience the request was sent to': [{ aud: `${url}/v1/token` }, 'LT_AUTH_ASSERTION_CLAIM', 'aud'],
    'two audiences': [{ aud: [TOKEN_ENDPOINT, 'https://other.example'] }, 'LT_AUTH_ASSERTION_CLAIM', 'aud'],
    'no audience': [{ aud: undefined }, 'LT_AUTH_ASSERTION_CLAIM', 'aud'],
    'an empty list of audiences': [{ aud: [] }, 'LT_AUTH_ASSERTION_CLAIM', 'aud'],
    'a prefix of the audience': [{ aud: `${TOKEN_ENDPOINT}/x` }, 'LT_AUTH_ASSERTION_CLAIM', 'aud'],
    'another subject': [{ sub: 'hub-b' }, 'LT_AUTH_ASSERTION_CLAIM', 'sub'],
    'no subject': [{ sub: undefined }, 'LT_AUTH_ASSERTION_CLAIM', 'sub'],
    'no jti': [{ jti: undefined }, 'LT_AUTH_ASSERTION_CLAIM', 'jti'],
    'a short jti': [{ jti: '1' }, 'LT_AUTH_ASSERTION_CLAIM', 'jti'],
    'a long jti': [{ jti: 'x'.repeat(129) }, 'LT_AUTH_ASSERTION_CLAIM', 'jti'],
    'a jti with a NUL': [{ jti: 'abcdefgh\0' }, 'LT_AUTH_ASSERTION_CLAIM', 'jti'],
    'a jti that is no text': [{ jti: 12345678 }, 'LT_AUTH_ASSERTION_CLAIM', 'jti'],
  }
  for (const [name, [claims, code, claim]] of Object.entries(cases)) {
    const { status, body } = await askToken(url, await signAssertion({ key: keyA, claims: claims ?? {} }))
    t.strictSame([status, body.code], [401, code], name)
    if (claim) t.match(body, { params: { claim } }, name)
  }
  t.equal(await used(), 0)
  const skewed = await askToken(
    url,
    await signAssertion({ key: keyA, claims: { iat: now() + 20, exp: now() + 320, nbf: now() + 20 } }),
  )
  t.equal(skewed.status, 200, 'a clock 20 s ahead is put up with')
  const forged = await askToken(
    url,
    await signAssertion({ key: keyA, claims: { aud: 'https://evil.example/v1/token' } }),
    {},
    { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
  )
  t.match(forged.body, { code: 'LT_AUTH_ASSERTION_CLAIM' }, 'headers do not decide who we are')
})

t.test('an assertion works once: again, at once and after a restart', async (t) => {
  const assertion = await signAssertion({ key: keyA })
  t.equal((await askToken(url, assertion)).status, 200)
  t.match((await askToken(url, assertion)).body, { error: 'invalid_client', code: 'LT_AUTH_ASSERTION_REPLAYED' })
  const restarted = await startAuth(t, world)
  t.match((await askToken(restarted.url, assertion)).body, { code: 'LT_AUTH_ASSERTION_REPLAYED' }, 'another process')
  const { jti } = decodeJwt(assertion)
  t.match(
    (await askToken(url, await signAssertion({ key: keyA, claims: { jti } }))).body,
    { code: 'LT_AUTH_ASSERTION_REPLAYED' },
    'the id under a new signature',
  )
  t.equal(
    (
      await askToken(
        url,
        await signAssertion({ key: keyB, header: { kid: 'b-1' }, claims: { iss: 'hub-b', sub: 'hub-b', jti } }),
      )
    ).status,
    200,
    'the id of another system',
  )

  for (let round = 0; round < 5; round++) {
    const raced = await signAssertion({ key: keyA })
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => askToken(at % 2 ? url : restarted.url, raced)),
    )
    t.equal(answers.filter(({ status }) => status === 200).length, 1, 'exactly one of eight wins')
    t.equal(answers.filter(({ body }) => body.code === 'LT_AUTH_ASSERTION_REPLAYED').length, 7)
  }
})

t.test('access tokens that are not ours, not for us, or not tokens', async (t) => {
  const { body } = await askToken(url, await signAssertion({ key: keyA }))
  const token = body.access_token
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const key = loadTokenKey(world.keyDir).privateKey
  const claims = {
    iss: PUBLIC_URL,
    aud: `${PUBLIC_URL}/v1`,
    sub: 'hub-a',
    client_id: 'hub-a',
    iat: now(),
    exp: now() + 60,
    jti: 'x',
  }
  const forge = (change: Record<string, unknown>, head: Record<string, unknown> = {}, by = key): Promise<string> => {
    const kept = Object.fromEntries(Object.entries({ ...claims, ...change }).filter(([, value]) => value !== undefined))
    return new SignJWT(kept).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...head }).sign(by)
  }
  t.equal((await getMe(url, await forge({}))).status, 200, 'what the others are changed from')
  const cases: Record<string, string> = {
    'another audience': await forge({ aud: 'https://other.example/v1' }),
    'the audience of the console': await forge({ aud: `${PUBLIC_URL}/console` }),
    'another issuer': await forge({ iss: 'https://other.example' }),
    'no expiry': await forge({ exp: undefined }),
    'no subject': await forge({ sub: undefined }),
    'another type': await forge({}, { typ: 'JWT' }),
    'another key': await forge({}, {}, stranger),
    'a client assertion instead': await signAssertion({ key: keyA, claims: { aud: `${PUBLIC_URL}/v1` } }),
    'another payload under the signature': `${header}.${encode({ ...decodeJwt(token), sub: 'hub-b' })}.${signature}`,
    'alg none': `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
    'a changed signature': `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
    'a space behind': `${token} x`,
    'a giant': `${header}.${payload}${'A'.repeat(8_000)}.${signature}`,
    nonsense: 'abc',
  }
  for (const [name, forged] of Object.entries(cases)) {
    const answer = await getMe(url, forged)
    t.equal(answer.status, 401, name)
    t.match(await answer.json(), { code: 'LT_AUTH_TOKEN_INVALID' }, name)
  }
  const expired = await getMe(url, await forge({ exp: now() - 1 }))
  t.match(await expired.json(), { code: 'LT_AUTH_TOKEN_EXPIRED' })
  const gone = await getMe(url, await forge({ sub: 'hub-gone' }))
  t.match(await gone.json(), { code: 'LT_AUTH_SUSPENDED' }, 'a system that is registered no more')
})

t.test('the token of a system that was suspended meanwhile', async (t) => {
  const { body } = await askToken(
    url,
    await signAssertion({ key: keyB, header: { kid: 'b-1' }, claims: { iss: 'hub-b', sub: 'hub-b' } }),
  )
  await suspendSystem(world.operator, 'hub-b', 'attack')
  await registry.refresh()
  const answer = await getMe(url, body.access_token)
  t.equal(answer.status, 403)
  t.match(await answer.json(), { code: 'LT_AUTH_SUSPENDED' })
})
