import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import t from 'tap'
import { addCertificate, addSystemKey, revokeCertificate, revokeSystemKey } from '../../libs/registry/index.ts'
import { openPool, recordAssertion, sweepAssertions } from '../../libs/store/index.ts'
import { loadTokenKey } from '../../services/gateway/auth/token-key.ts'
import { freePort } from '../harness/harness.ts'
import { resumeSystem, suspendSystem } from '../harness/operators.ts'
import { selfSigned } from '../harness/self-signed.ts'
import { askToken, createAuthWorld, getMe, signAssertion, startAuth, TOKEN_ENDPOINT } from '../harness/start-auth.ts'

const world = await createAuthWorld(t)
const gateway = await startAuth(t, world)
const { url, registry } = gateway

t.test('a system exchanges a signed assertion for a token and calls the API with it', async (t) => {
  const { status, headers, body } = await askToken(url, await signAssertion({ key: world.keyA }), {
    client_id: 'hub-a',
    scope: 'exchange',
  })
  t.equal(status, 200)
  t.equal(headers.get('cache-control'), 'no-store')
  t.match(body, { token_type: 'Bearer', expires_in: 300, scope: 'exchange' })
  const claims = decodeJwt(body.access_token)
  t.match(claims, {
    iss: 'https://truc.example',
    aud: 'https://truc.example/v1',
    sub: 'hub-a',
    client_id: 'hub-a',
    scope: 'exchange',
  })
  t.equal((claims.exp as number) - (claims.iat as number), 300)
  t.match(decodeProtectedHeader(body.access_token), {
    alg: 'ES256',
    typ: 'at+jwt',
    kid: loadTokenKey(world.keyDir).kid,
  })

  for (let turn = 0; turn < 2; turn++) {
    const me = await getMe(url, body.access_token)
    t.equal(me.status, 200)
    t.match(await me.json(), {
      systemId: registry.system('hub-a')?.id,
      systemCode: 'hub-a',
      traffic: 'real',
      via: 'token',
    })
  }
  const other = await startAuth(t, world)
  t.equal((await getMe(other.url, body.access_token)).status, 200, 'every process takes the token')

  t.equal((await getMe(url, body.access_token, '/v1/agencies/H26')).status, 200)
  t.equal(
    (await getMe(url, body.access_token, '/v1/agencies/H26.99')).status,
    200,
    'a unit below what the system fronts',
  )
  for (const code of ['H53', 'X00']) {
    const foreign = await getMe(url, body.access_token, `/v1/agencies/${code}`)
    t.equal(foreign.status, 403)
    t.match(await foreign.json(), { code: 'LT_AUTH_FOREIGN_AGENCY', params: { agency: code } })
  }
})

t.test('every allowed algorithm works, with and without a kid, and the issuer serves as audience', async (t) => {
  const kinds = {
    ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    PS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    EdDSA: generateKeyPairSync('ed25519'),
  }
  for (const [alg, { publicKey, privateKey }] of Object.entries(kinds)) {
    const { kid } = await addSystemKey(world.operator, {
      systemCode: 'hub-a',
      publicJwk: publicKey.export({ format: 'jwk' }),
    })
    await registry.refresh()
    const names = alg === 'PS256' ? ['PS256', 'RS256'] : alg === 'EdDSA' ? ['EdDSA', 'Ed25519'] : [alg]
    for (const name of names) {
      for (const given of [kid, undefined]) {
        const assertion = await signAssertion({
          key: privateKey,
          header: { alg: name, kid: given },
          claims: { aud: ['https://truc.example'], iat: undefined },
        })
        t.equal((await askToken(url, assertion)).status, 200, `${name}, kid ${given}`)
      }
    }
    await revokeSystemKey(world.operator, 'hub-a', kid)
    await registry.refresh()
    const late = await askToken(url, await signAssertion({ key: privateKey, header: { alg: names[0], kid } }))
    t.match(late.body, { error: 'invalid_client', code: 'LT_AUTH_CLIENT_UNKNOWN' }, `${alg}: a revoked key is no key`)
  }
})

t.test('a refused token request has the members of RFC 6749 and those of a problem', async (t) => {
  const assertion = await signAssertion({ key: world.keyA })
  const cases: [string, Record<string, string>, Record<string, string>, number, string, string][] = [
    ['another grant', { grant_type: 'password' }, {}, 400, 'unsupported_grant_type', 'LT_AUTH_GRANT_UNSUPPORTED'],
    [
      'another assertion type',
      { client_assertion_type: 'urn:x' },
      {},
      400,
      'invalid_request',
      'LT_AUTH_METHOD_UNSUPPORTED',
    ],
    ['no assertion', { client_assertion: '' }, {}, 400, 'invalid_request', 'LT_AUTH_METHOD_UNSUPPORTED'],
    ['a secret', { client_secret: 'x' }, {}, 400, 'invalid_request', 'LT_AUTH_METHOD_UNSUPPORTED'],
    ['two methods', {}, { authorization: 'Basic eDp5' }, 400, 'invalid_request', 'LT_AUTH_METHOD_UNSUPPORTED'],
    ['an unknown scope', { scope: 'admin' }, {}, 400, 'invalid_scope', 'LT_AUTH_SCOPE_INVALID'],
    ['another client id', { client_id: 'hub-b' }, {}, 401, 'invalid_client', 'LT_AUTH_ASSERTION_CLAIM'],
    ['no JWT', { client_assertion: 'x.y' }, {}, 401, 'invalid_client', 'LT_AUTH_ASSERTION_MALFORMED'],
    ['no grant', { grant_type: '' }, {}, 400, 'invalid_request', 'LT_HTTP_INVALID_REQUEST'],
  ]
  for (const [name, form, headers, status, error, code] of cases) {
    const answer = await askToken(url, assertion, form, headers)
    t.strictSame([answer.status, answer.body.error, answer.body.code], [status, error, code], name)
    t.match(answer.headers.get('content-type'), /^application\/json/, name)
    t.equal(answer.headers.get('www-authenticate'), null, name)
    t.match(answer.body.error_description, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, name)
    t.match(answer.body, { actor: 'sender', advice: /./, texts: { vi: { title: /./ }, en: { title: /./ } } }, name)
  }
  const twice = await fetch(`${url}/v1/token`, {
    method: 'POST',
    body: new URLSearchParams([
      ['grant_type', 'client_credentials'],
      ['grant_type', 'x'],
    ]),
  })
  t.match(await twice.json(), { error: 'invalid_request', code: 'LT_HTTP_INVALID_REQUEST' })
  const json = await fetch(`${url}/v1/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  t.match(await json.json(), { error: 'invalid_request', code: 'LT_HTTP_UNSUPPORTED_MEDIA_TYPE' })
  const large = await fetch(`${url}/v1/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'x'.repeat(20_000) }),
  })
  t.match(await large.json(), { error: 'invalid_request', code: 'LT_HTTP_BODY_TOO_LARGE' })
  t.equal((await askToken(url, assertion)).status, 200, 'a refused request did not use the assertion up')
})

t.test('calls without credentials or with other schemes are told how to authenticate', async (t) => {
  for (const headers of [{}, { authorization: 'Basic eDp5' }, { authorization: 'Bearer' }] as Record<
    string,
    string
  >[]) {
    const answer = await fetch(`${url}/v1/me`, { headers })
    t.equal(answer.status, 401)
    t.equal(answer.headers.get('www-authenticate'), 'Bearer realm="lienthong"')
    t.match(await answer.json(), { code: 'LT_AUTH_REQUIRED' })
  }
})

t.test('a suspended system is out as soon as memory knows, without a restart, and back the same way', async (t) => {
  const { body } = await askToken(
    url,
    await signAssertion({ key: world.keyB, header: { kid: 'b-1' }, claims: { iss: 'hub-b', sub: 'hub-b' } }),
  )
  t.equal((await getMe(url, body.access_token)).status, 200)
  const begun = performance.now()
  await suspendSystem(world.operator, 'hub-b', 'test')
  let answer = await getMe(url, body.access_token)
  while (answer.status === 200 && performance.now() - begun < 10_000) answer = await getMe(url, body.access_token)
  t.ok(performance.now() - begun < 3_000, 'within 3 s, by the polling of the registry alone')
  t.equal(answer.status, 403)
  t.match(await answer.json(), { code: 'LT_AUTH_SUSPENDED', actor: 'axis' })
  const assertion = await signAssertion({
    key: world.keyB,
    header: { kid: 'b-1' },
    claims: { iss: 'hub-b', sub: 'hub-b' },
  })
  t.match((await askToken(url, assertion)).body, { error: 'unauthorized_client', code: 'LT_AUTH_SUSPENDED' })
  await resumeSystem(world.operator, 'hub-b')
  await registry.refresh()
  t.equal((await getMe(url, body.access_token)).status, 200)
  t.equal((await askToken(url, assertion)).status, 200)
})

t.test('an expired token is told apart from a wrong one, and does not count as an attack', async (t) => {
  let ahead = 0
  const clock = { now: () => new Date(Date.now() + ahead) }
  const { url } = await startAuth(t, world, { clock, failuresPerMinute: 1 })
  const { body } = await askToken(url, await signAssertion({ key: world.keyA }))
  t.equal((await getMe(url, body.access_token)).status, 200)
  ahead = 301_000
  for (let turn = 0; turn < 5; turn++)
    t.match(await (await getMe(url, body.access_token)).json(), { code: 'LT_AUTH_TOKEN_EXPIRED' })
  ahead = 0
  t.equal((await getMe(url, body.access_token)).status, 200)
})

t.test('wrong credentials are slowed down by address; who holds a good token goes on', async (t) => {
  const { url } = await startAuth(t, world, { failuresPerMinute: 3 })
  const { body } = await askToken(url, await signAssertion({ key: world.keyA }))
  t.equal((await getMe(url, body.access_token)).status, 200)
  for (let turn = 0; turn < 3; turn++)
    t.match(await (await getMe(url, `${body.access_token}x`)).json(), { code: 'LT_AUTH_TOKEN_INVALID' })
  const slowed = await getMe(url, `${body.access_token}x`)
  t.equal(slowed.status, 429)
  t.ok(Number(slowed.headers.get('retry-after')) > 0)
  const asking = await askToken(url, await signAssertion({ key: world.keyA }))
  t.strictSame(
    [asking.status, asking.body.error, asking.body.code],
    [429, 'temporarily_unavailable', 'LT_HTTP_TOO_MANY_REQUESTS'],
  )
  t.equal((await getMe(url, body.access_token)).status, 200)
})

t.test(
  'who fails in the name of one system locks out neither the others at that address, nor goes on with other names',
  async (t) => {
    const { url } = await startAuth(t, world, { failuresPerMinute: 3 })
    const asking = async (name: string, key = world.keyB): Promise<unknown> =>
      (await askToken(url, await signAssertion({ key, claims: { iss: name, sub: name } }))).body.code
    for (let turn = 0; turn < 3; turn++) t.equal(await asking('hub-c'), 'LT_AUTH_CLIENT_UNKNOWN')
    t.equal(await asking('hub-c'), 'LT_HTTP_TOO_MANY_REQUESTS')
    t.equal(await asking('hub-a', world.keyA), undefined, 'a neighbour behind the same address gets its token')
    for (let turn = 3; turn < 30; turn++) t.equal(await asking(`hub-${turn}`), 'LT_AUTH_CLIENT_UNKNOWN')
    t.equal(await asking('hub-x'), 'LT_HTTP_TOO_MANY_REQUESTS', 'names cost nothing: the address has a ceiling')
  },
)

t.test('an assertion that is used again, late or not for us counts like one that proves nothing', async (t) => {
  const wrong: readonly [string, Record<string, unknown>][] = [
    ['LT_AUTH_ASSERTION_CLAIM', { aud: 'https://elsewhere.example' }],
    ['LT_AUTH_ASSERTION_EXPIRED', { exp: Math.floor(Date.now() / 1000) - 100 }],
    ['LT_AUTH_ASSERTION_REPLAYED', { jti: randomUUID() }],
  ]
  for (const [code, claims] of wrong) {
    const { url } = await startAuth(t, world, { failuresPerMinute: 2 })
    const assertion = await signAssertion({ key: world.keyA, claims })
    if (code === 'LT_AUTH_ASSERTION_REPLAYED') t.equal((await askToken(url, assertion)).status, 200)
    for (let turn = 0; turn < 2; turn++) t.equal((await askToken(url, assertion)).body.code, code)
    t.equal((await askToken(url, assertion)).body.code, 'LT_HTTP_TOO_MANY_REQUESTS', `after two ${code}`)
  }
})

t.test('the tokens of one system within a minute are limited, and what is refused leaves no row', async (t) => {
  const { url } = await startAuth(t, world, { tokensPerMinute: 2 })
  const jti = randomUUID()
  for (let turn = 0; turn < 2; turn++)
    t.equal((await askToken(url, await signAssertion({ key: world.keyA }))).status, 200)
  const third = await askToken(url, await signAssertion({ key: world.keyA, claims: { jti } }))
  t.match(
    [third.status, third.body.code, third.body.error],
    [429, 'LT_HTTP_TOO_MANY_REQUESTS', 'temporarily_unavailable'],
  )
  t.ok(Number(third.headers.get('retry-after')) > 0)
  const eyes = openPool(world.database.url('postgres'), { name: 'eyes', max: 1 })
  t.teardown(() => eyes.end())
  t.same((await eyes.query('select from used_assertion where jti = $1', [jti])).rows, [])
  const other = { iss: 'hub-b', sub: 'hub-b' }
  const asked = await askToken(url, await signAssertion({ key: world.keyB, header: { kid: 'b-1' }, claims: other }))
  t.equal(asked.status, 200, 'another system has its own')
})

t.test('the pace of one system is limited, not that of the others', async (t) => {
  const { url } = await startAuth(t, world, { systemRequestsPerMinute: 2 })
  const a = await askToken(url, await signAssertion({ key: world.keyA }))
  const b = await askToken(
    url,
    await signAssertion({ key: world.keyB, header: { kid: 'b-1' }, claims: { iss: 'hub-b', sub: 'hub-b' } }),
  )
  const statuses: number[] = []
  for (let turn = 0; turn < 3; turn++) statuses.push((await getMe(url, a.body.access_token)).status)
  t.strictSame(statuses, [200, 200, 429])
  t.equal((await getMe(url, b.body.access_token)).status, 200)
})

t.test('PostgreSQL away: no new tokens, 503 with Retry-After; tokens already out still work', async (t) => {
  const port = await freePort()
  const away = await startAuth(t, world, { assertionsUrl: `postgres://lt_gateway@127.0.0.1:${port}/none` })
  const answer = await askToken(away.url, await signAssertion({ key: world.keyA }))
  t.strictSame(
    [answer.status, answer.body.error, answer.body.code],
    [503, 'temporarily_unavailable', 'LT_STORE_UNAVAILABLE'],
  )
  t.ok(Number(answer.headers.get('retry-after')) > 0)
  t.notMatch(JSON.stringify(answer.body), /127\.0\.0\.1/)
  const { body } = await askToken(url, await signAssertion({ key: world.keyA }))
  t.equal((await getMe(away.url, body.access_token)).status, 200)
})

t.test('a registered TLS certificate authenticates by itself', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lt-tls-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [own, client, stranger] = [
    selfSigned(folder, 'localhost'),
    selfSigned(folder, 'hub-a'),
    selfSigned(folder, 'stranger'),
  ] as const
  const tls = { key: own.key, cert: own.cert, requestCert: true, rejectUnauthorized: false }
  const secure = await startAuth(t, world, { tls })
  const call = (certificate?: {
    key: Buffer
    cert: Buffer
  }): Promise<{ status: number | undefined; body: Record<string, unknown> }> =>
    new Promise((resolve, reject) => {
      const agent = new Agent({
        ...certificate,
        ca: own.cert,
        servername: 'localhost',
        checkServerIdentity: () => undefined,
      })
      get(`${secure.url}/v1/me`, { agent }, (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => {
          agent.destroy()
          resolve({ status: response.statusCode, body: JSON.parse(text) })
        })
      }).on('error', reject)
    })
  t.match((await call(client)).body, { code: 'LT_AUTH_CERTIFICATE_UNKNOWN' }, 'not yet registered')
  const { fingerprint } = await addCertificate(world.operator, {
    ownerKind: 'system',
    ownerCode: 'hub-a',
    certificatePem: client.cert.toString(),
    purpose: 'tls',
  })
  await addCertificate(world.operator, {
    ownerKind: 'system',
    ownerCode: 'hub-b',
    certificatePem: stranger.cert.toString(),
    purpose: 'packet',
  })
  await secure.registry.refresh()
  t.match(await call(client), { status: 200, body: { systemCode: 'hub-a', via: 'mtls' } })
  t.match((await call(stranger)).body, { code: 'LT_AUTH_CERTIFICATE_UNKNOWN' }, 'registered, but for signing')
  t.match((await call()).body, { code: 'LT_AUTH_REQUIRED' })
  await suspendSystem(world.operator, 'hub-a', 'test')
  await secure.registry.refresh()
  t.match((await call(client)).body, { code: 'LT_AUTH_SUSPENDED' })
  await resumeSystem(world.operator, 'hub-a')
  await revokeCertificate(world.operator, fingerprint)
  await secure.registry.refresh()
  t.match((await call(client)).body, { code: 'LT_AUTH_CERTIFICATE_UNKNOWN' })
})

t.test('used assertions are forgotten once they are too old to be used', async (t) => {
  const pool = openPool(world.database.url('gateway'), { name: 'test', max: 1 })
  t.teardown(() => pool.end())
  const used = (jti: string, secondsAgo: number) => ({
    systemCode: 'hub-a',
    jti,
    expiresAt: new Date(Date.now() - secondsAgo * 1000),
  })
  const [old, fresh] = [randomUUID(), randomUUID()]
  t.ok(await recordAssertion(pool, used(old, 120)))
  t.ok(await recordAssertion(pool, used(fresh, 30)))
  t.equal(
    await sweepAssertions(pool, new Date(Date.now() - 3_600_000)),
    0,
    'a clock of ours that is behind forgets nothing',
  )
  t.equal(
    await sweepAssertions(pool, new Date(Date.now() + 3_600_000)),
    1,
    'a clock of ours that is ahead forgets no more',
  )
  t.notOk(await recordAssertion(pool, used(fresh, 30)))
  t.ok(await recordAssertion(pool, { ...used(fresh, 30), systemCode: 'hub-b' }), 'ids are unique per system')
  await t.rejects(pool.query('update used_assertion set jti = jti'), 'the gateway cannot rewrite what was used')
})

t.test('the token key: only an EC key on P-256 that can be read', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lt-keys-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  t.throws(() => loadTokenKey(folder), { code: 'LT_CONF_FILE_UNREADABLE' })
  writeFileSync(join(folder, 'token.key.pem'), 'nonsense')
  t.throws(() => loadTokenKey(folder), { code: 'LT_CONF_INVALID' })
  writeFileSync(
    join(folder, 'token.key.pem'),
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  )
  t.throws(() => loadTokenKey(folder), { code: 'LT_CONF_INVALID' })
  t.equal(loadTokenKey(world.keyDir).kid.length, 43)
  t.equal(TOKEN_ENDPOINT, 'https://truc.example/v1/token')
  t.end()
})
