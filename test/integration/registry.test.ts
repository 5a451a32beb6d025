import { execFileSync } from 'node:child_process'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { SystemId } from '../../libs/model/index.ts'
import {
  addAgency,
  addAlias,
  addCertificate,
  addSystem,
  addSystemKey,
  changeSystem,
  closeAgency,
  exportAgencies,
  front,
  importAgencies,
  loadLevel1,
  openRegistry,
  type Registry,
  readLevel1,
  revokeCertificate,
  revokeSystemKey,
  withdrawFront,
} from '../../libs/registry/index.ts'
import { openPool, readAgency, readSystem, updateSystemsSeen } from '../../libs/store/index.ts'
import { createDatabase } from '../harness/harness.ts'
import { resumeSystem, suspendSystem } from '../harness/operators.ts'

const database = await createDatabase(t)
const cli = openPool(database.url('cli'), { name: 'registry test cli', max: 2 })
const gateway = openPool(database.url('gateway'), { name: 'registry test gateway', max: 4 })
const ended = new AbortController()
t.teardown(async () => {
  ended.abort()
  await Promise.all([cli.end(), gateway.end()])
})

const strict = { tolerant: false }
const tolerant = { tolerant: true }
const clock = { now: () => new Date('2026-03-01T17:30:00Z') } // the 2nd of March in Vietnam
const registry: Registry = await openRegistry({ pool: gateway, signal: ended.signal, pollMs: 3_600_000, clock })

const meaning = (code: string, options = strict): string => {
  const resolution = registry.resolve(code, options)
  return resolution.ok ? resolution.agencyCode : resolution.problem.code
}
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  )

t.test('agencies, systems and declarations as an operator writes them', async (t) => {
  await addSystem(cli, { code: 'hub-h26', name: 'Trục Hà Nội', tolerance: 'tolerant' })
  await addSystem(cli, {
    code: 'hub-g12',
    name: 'Trục Bộ Tài chính',
    delivery: 'push',
    pushUrl: 'https://g12.example/nhan',
  })
  for (const [code, name] of [
    ['H26', 'UBND Thành phố Hà Nội'],
    ['H26.01', 'Sở Thông tin và Truyền thông'],
    ['H26.01.02', 'Trung tâm Dữ liệu'],
    ['H26.07.03', 'Phòng Nội vụ'],
    ['G12', 'Bộ Tài chính'],
    ['G12.18', 'Tổng cục Thuế'],
    ['G13', 'Bộ Tài nguyên và Môi trường'],
    ['G10', 'Bộ Nông nghiệp và Môi trường'],
    ['005.00.12.H26', 'Đơn vị chỉ có mã cũ'],
  ] as const) {
    await addAgency(cli, { code, name })
  }
  await addAgency(cli, { code: '0100109106', name: 'Tập đoàn Viễn thông', parentCode: 'G12', shortName: 'VTT' })
  t.match(await front(cli, 'hub-h26', 'H26', { withDescendants: true }), {
    previousSystem: null,
    withDescendants: true,
  })
  await front(cli, 'hub-g12', 'G12', { withDescendants: false })
  await registry.refresh()
  t.equal(registry.agencyCount, 10)
  t.match(registry.agency('0100109106'), { kind: 'enterprise', parentCode: 'G12' })
  t.match(registry.agency('H26'), { kind: 'local', closedOn: null })
  t.equal(registry.system(registry.system('hub-h26')?.id ?? '')?.code, 'hub-h26', 'found by id too')

  t.equal(await codeOf(addAgency(cli, { code: 'H26', name: 'Lần nữa' })), 'LT_REG_CODE_TAKEN')
  t.equal(
    await codeOf(addAgency(cli, { code: '000.00.01.H26', name: 'Mã cũ' })),
    'LT_REG_CODE_TAKEN',
    'old spelling of H26.01',
  )
  t.equal(await codeOf(addAgency(cli, { code: 'h26', name: 'Chữ thường' })), 'LT_REG_MALFORMED_CODE')
  t.equal(await codeOf(addAgency(cli, { code: 'H27', name: 'a\u0000b' })), 'LT_REG_BAD_FIELD')
  t.equal(await codeOf(addAgency(cli, { code: 'H27', name: 'Tỉnh', closedOn: '2026-02-30' })), 'LT_REG_BAD_FIELD')
  t.equal(await codeOf(addAgency(cli, { code: 'H27', name: 'Tỉnh', successorCode: 'H26' })), 'LT_REG_BAD_FIELD')
  const closedInto = { code: 'H27', name: 'Tỉnh', closedOn: '2026-01-01', successorCode: 'H99' }
  t.equal(await codeOf(addAgency(cli, closedInto)), 'LT_REG_UNKNOWN_AGENCY')
  t.equal(await codeOf(addSystem(cli, { code: 'hub-h26', name: 'Lần nữa' })), 'LT_REG_CODE_TAKEN')
  t.equal(await codeOf(addSystem(cli, { code: 'hub h26', name: 'Có khoảng trắng' })), 'LT_REG_BAD_FIELD')
  t.equal(await codeOf(addSystem(cli, { code: 'p', name: 'Đẩy', delivery: 'push' })), 'LT_REG_BAD_FIELD')
  t.equal(await codeOf(addSystem(cli, { code: 'p', name: 'Đẩy', pushUrl: 'ftp://x' })), 'LT_REG_BAD_FIELD')
  t.equal(await codeOf(front(cli, 'no-hub', 'H26', { withDescendants: true })), 'LT_REG_UNKNOWN_SYSTEM')
  t.equal(await codeOf(front(cli, 'hub-h26', 'H99', { withDescendants: true })), 'LT_REG_UNKNOWN_AGENCY')
  t.equal(await codeOf(changeSystem(cli, 'no-hub', { name: 'x' })), 'LT_REG_UNKNOWN_SYSTEM')
  t.match(await changeSystem(cli, 'hub-g12', { signaturePolicy: 'report' }), {
    signaturePolicy: 'report',
    delivery: 'push',
  })
})

t.test('every spelling of a code leads to one agency', async (t) => {
  t.equal(meaning('H26.01'), 'H26.01')
  t.equal(meaning('000.00.01.H26'), 'H26.01', 'old by rule')
  t.equal(meaning('005.00.12.H26'), '005.00.12.H26', 'an old code without an image is canonical itself')
  t.equal(meaning('h26.01'), 'LT_REG_MALFORMED_CODE', 'the law says upper case')
  t.equal(meaning(' h26.01#abc ', tolerant), 'H26.01')
  t.equal(meaning('H26.99'), 'LT_REG_UNKNOWN_CODE')
  for (const bad of ['', 'null ', '001.00.20.TT2', '__proto__', 'H26.', '.H26', 'H26..01', 'x'.repeat(100_000)]) {
    t.equal(meaning(bad), 'LT_REG_MALFORMED_CODE', bad.slice(0, 20))
  }

  t.equal(await codeOf(addAlias(cli, { alias: 'H26.01', code: 'G12' })), 'LT_REG_CODE_TAKEN')
  t.equal(await codeOf(addAlias(cli, { alias: 'H26.98', code: 'H99' })), 'LT_REG_UNKNOWN_AGENCY')
  await addAlias(cli, { alias: '000.00.01.H26', code: 'H26.01.02', origin: 'directory' })
  await addAlias(cli, { alias: 'H26.55', code: 'H26.01', validTo: '2026-03-02' })
  await addAlias(cli, { alias: 'H26.56', code: 'H26.01', validFrom: '2026-03-03' })
  await addAlias(cli, { alias: 'H26.57', code: 'H26.01', validFrom: '2026-03-02', validTo: '2026-03-03' })
  await registry.refresh()
  t.equal(meaning('000.00.01.H26'), 'H26.01.02', 'the table overrides the rule')
  t.match(registry.resolve('H26.55', strict), {
    problem: { code: 'LT_REG_CLOSED_CODE', params: { successor: 'H26.01', closedOn: '2026-03-02' } },
  })
  t.equal(meaning('H26.56'), 'LT_REG_UNKNOWN_CODE', 'not valid yet')
  t.equal(meaning('H26.57'), 'H26.01')
  t.equal(meaning('000.00.57.H26'), 'H26.01', 'the rule leads to an alias')
  await cli.query(`delete from agency_alias where alias = '000.00.01.H26'`)
  await registry.refresh()
  t.equal(meaning('000.00.01.H26'), 'H26.01', 'the rule again')
})

t.test('a closed code names the day and the successor, from that day on in Vietnam', async (t) => {
  t.equal(await codeOf(closeAgency(cli, 'H99', { closedOn: '2025-03-01' })), 'LT_REG_UNKNOWN_AGENCY')
  t.equal(await codeOf(closeAgency(cli, 'G13', { closedOn: '1/3/2025' })), 'LT_REG_BAD_FIELD')
  t.equal(await codeOf(closeAgency(cli, 'G13', { closedOn: '2025-03-01', successorCode: 'G13' })), 'LT_REG_BAD_FIELD')
  t.equal(
    await codeOf(closeAgency(cli, 'G13', { closedOn: '2025-03-01', successorCode: 'G99' })),
    'LT_REG_UNKNOWN_AGENCY',
  )
  await closeAgency(cli, 'G13', { closedOn: '2026-03-03', successorCode: 'G10' })
  await registry.refresh()
  t.equal(meaning('G13'), 'G13', 'open until the day before')
  await closeAgency(cli, 'G13', { closedOn: '2026-03-02', successorCode: 'G10' })
  await registry.refresh()
  for (const spelling of ['G13', '000.00.00.G13']) {
    t.match(registry.resolve(spelling, strict), {
      ok: false,
      problem: { code: 'LT_REG_CLOSED_CODE', params: { code: spelling, closedOn: '2026-03-02', successor: 'G10' } },
    })
  }
  await t.rejects(cli.query(`delete from agency where code = 'G13'`), { code: '42501' }, 'codes are never deleted')
})

t.test('one system receives for an agency: its own, or the nearest that declared the units below', async (t) => {
  const via = (code: string): unknown => {
    const receiving = registry.receivingSystem(code)
    return (
      receiving && [receiving.system.code, receiving.via, receiving.via === 'ancestor' ? receiving.ancestor : undefined]
    )
  }
  t.same(via('H26'), ['hub-h26', 'own', undefined])
  t.same(via('H26.01.02'), ['hub-h26', 'ancestor', 'H26'])
  t.same(via('H26.07.03'), ['hub-h26', 'ancestor', 'H26'], 'across a unit that is not registered')
  t.same(via('005.00.12.H26'), ['hub-h26', 'ancestor', 'H26'], 'an old code climbs too')
  t.equal(via('G12.18'), undefined, 'G12 did not declare its descendants')
  t.equal(via('H26.99'), undefined, 'not an agency')
  t.ok(registry.fronts('hub-h26', 'H26.01'))
  t.notOk(registry.fronts('hub-g12', 'H26.01'))
  t.notOk(registry.fronts('hub-g12', 'G12.18'))
  t.same([...registry.agenciesOf('hub-h26')].sort(), ['005.00.12.H26', 'H26', 'H26.01', 'H26.01.02', 'H26.07.03'])
  t.equal(registry.agenciesOf('hub-h26'), registry.agenciesOf('hub-h26'), 'kept')
  t.same(registry.agenciesOf('no-hub'), [])

  t.match(await front(cli, 'hub-g12', 'H26.01', { withDescendants: false }), { previousSystem: null })
  await registry.refresh()
  t.same(via('H26.01'), ['hub-g12', 'own', undefined], 'the exact declaration beats the ancestor')
  t.same(via('H26.01.02'), ['hub-h26', 'ancestor', 'H26'], 'which leaves the units below where they were')
  t.same([...registry.agenciesOf('hub-h26')].sort(), ['005.00.12.H26', 'H26', 'H26.01.02', 'H26.07.03'])
  t.match(await front(cli, 'hub-g12', 'H26.01', { withDescendants: true }), { previousSystem: 'hub-g12' })
  await registry.refresh()
  t.same(via('H26.01.02'), ['hub-g12', 'ancestor', 'H26.01'])
  t.same([...registry.agenciesOf('hub-g12')].sort(), ['G12', 'H26.01', 'H26.01.02'])
  t.match(await withdrawFront(cli, 'H26.01'), { systemCode: 'hub-g12' })
  t.equal(await withdrawFront(cli, 'H26.01'), undefined)
  await registry.refresh()
  t.same(via('H26.01.02'), ['hub-h26', 'ancestor', 'H26'])
  t.same(
    registry
      .children('H26')
      .map(({ code }) => code)
      .sort(),
    ['005.00.12.H26', 'H26.01', 'H26.07.03'],
  )
  t.same(
    registry.ancestors('H26.01.02').map(({ code }) => code),
    ['H26.01', 'H26'],
  )
})

t.test(
  'recipients: two spellings are one, the same twice is refused or merged, everything wrong is told',
  async (t) => {
    const named = (...codes: string[]): { code: string }[] => codes.map((code) => ({ code }))
    const both = registry.resolveRecipients(named('H26.01', 'G12', '000.00.01.H26'), strict)
    t.same(both.problems, [])
    t.same(both.warnings, [])
    t.same(
      both.recipients.map(({ agencyCode, asWritten }) => [agencyCode, asWritten]),
      [
        ['H26.01', ['H26.01', '000.00.01.H26']],
        ['G12', ['G12']],
      ],
    )
    t.match(both.recipients[0]?.receiving, { via: 'ancestor', ancestor: 'H26', system: { code: 'hub-h26' } })

    const twice = { code: 'LT_REG_RECIPIENT_TWICE', params: { code: 'G12' } }
    t.same(registry.resolveRecipients(named('G12', 'G12'), strict).problems, [twice])
    const merged = registry.resolveRecipients(named('G12', 'G12', ' g12'), tolerant)
    t.same(merged.problems, [])
    t.same(merged.warnings, [twice])
    t.same(merged.recipients[0]?.asWritten, ['G12', ' g12'])

    const wrong = registry.resolveRecipients(named('G12', 'H26.99', 'G13', '?', 'G12.18', 'G12'), strict)
    t.same(
      wrong.problems.map(({ code }) => code),
      [
        'LT_REG_UNKNOWN_CODE',
        'LT_REG_CLOSED_CODE',
        'LT_REG_MALFORMED_CODE',
        'LT_REG_NO_SYSTEM',
        'LT_REG_RECIPIENT_TWICE',
      ],
    )
  },
)

t.test('keys, certificates and in which right a signer signed', async (t) => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = ec.publicKey.export({ format: 'jwk' })
  const key = await addSystemKey(cli, { systemCode: 'hub-h26', publicJwk: { ...jwk, use: 'sig' } })
  t.match(key.kid, /^[\w-]{43}$/)
  t.same(key.publicJwk, jwk, 'what is no part of the key is not kept')
  t.equal((await addSystemKey(cli, { systemCode: 'hub-h26', publicJwk: jwk })).kid, key.kid, 'again changes nothing')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  for (const bad of [{}, { kty: 'oct', k: 'AAAA' }, { kty: '__proto__' }, { ...jwk, x: 'AA' }, rsa]) {
    t.equal(await codeOf(addSystemKey(cli, { systemCode: 'hub-h26', publicJwk: bad })), 'LT_REG_BAD_KEY')
  }
  const secret = ec.privateKey.export({ format: 'jwk' })
  t.equal(
    await codeOf(addSystemKey(cli, { systemCode: 'hub-h26', publicJwk: secret })),
    'LT_REG_BAD_KEY',
    'a private key',
  )
  t.equal(await codeOf(addSystemKey(cli, { systemCode: 'no-hub', publicJwk: jwk })), 'LT_REG_UNKNOWN_SYSTEM')
  t.equal(await codeOf(addSystemKey(cli, { systemCode: 'hub-h26', publicJwk: jwk, kid: 'a b' })), 'LT_REG_BAD_FIELD')
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const clash = addSystemKey(cli, { systemCode: 'hub-h26', publicJwk: other, kid: key.kid })
  t.equal(await codeOf(clash), 'LT_REG_CREDENTIAL_TAKEN')
  await registry.refresh()
  t.same(
    registry.keysOf('hub-h26').map(({ kid }) => kid),
    [key.kid],
  )
  await revokeSystemKey(cli, 'hub-h26', key.kid)
  t.equal(await codeOf(revokeSystemKey(cli, 'hub-h26', 'none')), 'LT_REG_UNKNOWN_CREDENTIAL')
  await registry.refresh()
  t.same(registry.keysOf('hub-h26'), [])

  const folder = mkdtempSync(join(tmpdir(), 'lt-registry-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const make = (name: string): string => {
    const pem = join(folder, `${name}.pem`)
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '/dev/null']
    execFileSync('openssl', ['req', '-x509', ...key, '-subj', `/CN=${name}`, '-out', pem], { stdio: 'ignore' })
    return readFileSync(pem, 'utf8')
  }
  const add = async (
    ownerKind: 'agency' | 'system',
    ownerCode: string,
    purpose: 'packet' | 'tls' = 'packet',
  ): Promise<string> => {
    const certificatePem = make(ownerCode)
    const row = await addCertificate(cli, { ownerKind, ownerCode, certificatePem, purpose })
    t.equal(row.fingerprint, new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '').toLowerCase())
    return row.fingerprint
  }
  const [province, unit, hub, tls] = [
    await add('agency', 'H26'),
    await add('agency', 'H26.01'),
    await add('system', 'hub-h26'),
    await add('agency', 'H26', 'tls'),
  ] as const
  const pem = make('x')
  const cert = { ownerKind: 'agency', ownerCode: 'H26', certificatePem: pem, purpose: 'packet' } as const
  t.equal(await codeOf(addCertificate(cli, { ...cert, ownerCode: 'H99' })), 'LT_REG_UNKNOWN_AGENCY')
  t.equal(await codeOf(addCertificate(cli, { ...cert, ownerKind: 'system' })), 'LT_REG_UNKNOWN_SYSTEM')
  t.equal(await codeOf(addCertificate(cli, { ...cert, certificatePem: pem + pem })), 'LT_REG_BAD_CERTIFICATE')
  t.equal(await codeOf(addCertificate(cli, { ...cert, certificatePem: 'text' })), 'LT_REG_BAD_CERTIFICATE')
  await addCertificate(cli, cert)
  t.equal(await codeOf(addCertificate(cli, { ...cert, ownerCode: 'G12' })), 'LT_REG_CREDENTIAL_TAKEN')
  t.equal(await codeOf(revokeCertificate(cli, '00')), 'LT_REG_UNKNOWN_CREDENTIAL')
  await registry.refresh()

  const relation = (fingerprint: string, agency: string, system = 'hub-h26'): unknown =>
    registry.signerRelation({ fingerprint }, agency, system)
  t.equal(relation(province, 'H26'), 'agency')
  t.equal(relation(province, 'H26.01.02'), 'ancestor')
  t.equal(relation(unit, 'H26'), undefined, 'a unit does not sign for the one above')
  t.equal(relation(hub, 'H26.01'), 'system')
  t.equal(relation(hub, 'H26.01', 'hub-g12'), undefined, 'another system')
  t.equal(relation(tls, 'H26'), undefined, 'not meant for packets')
  t.equal(relation('00', 'H26'), undefined)
  t.equal(registry.signerRelation({ agencyCode: '000.00.01.H26' }, 'H26.01', 'hub-h26'), 'agency')
  t.equal(registry.signerRelation({ agencyCode: 'G12' }, 'H26.01', 'hub-h26'), undefined)
  await revokeCertificate(cli, province)
  await registry.refresh()
  t.ok(registry.certificate(province)?.revokedAt)
  t.equal(relation(province, 'H26'), undefined, 'revoked')
})

t.test('search by name without accents and by the beginning of a code', async (t) => {
  const found = async (text: string, limit = 10): Promise<string[]> =>
    (await registry.search(text, limit)).map(({ code }) => code)
  t.same(await found('so thong tin'), ['H26.01'])
  t.same(await found('TÀI bộ'), ['G12', 'G13'], 'words in any order, closed codes last')
  t.same(await found('vtt'), ['0100109106'], 'short name')
  t.same(await found('don vi'), ['005.00.12.H26'], 'đ is d')
  t.same(await found('H26.0'), ['H26.01', 'H26.01.02', 'H26.07.03'])
  t.same(await found('h26', 1), ['H26'])
  for (const nothing of ['', '   ', `'":*&|!()\\`, '%', '_', 'zzz zzz', 'x'.repeat(10_000)])
    t.same(await found(nothing), [])
  t.match(await registry.details('0100109106'), {
    shortName: 'VTT',
    source: 'operator',
    confidence: 'stated',
    aliases: [],
  })
})

t.test('memory follows the database', async (t) => {
  const stop = new AbortController()
  const other = await openRegistry({ pool: gateway, signal: stop.signal, pollMs: 20 })
  t.teardown(() => stop.abort())
  t.equal(other.isSuspended('hub-h26'), false)
  t.equal(other.isSuspended('no-hub'), true, 'who is not registered may not act')
  const until = async (what: () => boolean): Promise<number> => {
    const begun = performance.now()
    while (!what()) await new Promise((resolve) => setTimeout(resolve, 5))
    return performance.now() - begun
  }
  t.equal(await codeOf(suspendSystem(cli, 'no-hub', 'x')), 'LT_REG_UNKNOWN_SYSTEM')
  t.equal(await suspendSystem(cli, 'hub-h26', 'Lộ khóa'), true)
  t.ok((await until(() => other.isSuspended('hub-h26'))) < 3_000, 'the poll finds it')
  t.equal(await suspendSystem(cli, 'hub-h26', 'Vẫn lộ'), false, 'the first suspension stands')
  await resumeSystem(cli, 'hub-h26')
  await until(() => !other.isSuspended('hub-h26'))

  const before = other.version
  const ids = [(await readSystem(cli, 'hub-h26'))?.id as SystemId]
  await updateSystemsSeen(gateway, { ids, polled: [] }, new Date())
  await other.refresh()
  t.equal(other.version, before, 'being heard of is no change')
  t.equal((await readSystem(cli, 'hub-h26'))?.suspendedAt, null)
  await t.rejects(
    gateway.query(`update system set tolerance = 'strict'`),
    { code: '42501' },
    'the gateway may not change it',
  )

  const moved = other.agency('H26.07.03')
  await cli.query(`update agency set parent_code = 'G12', name = 'Phòng Nội vụ mới' where code = 'H26.07.03'`)
  await other.refresh()
  t.equal(moved?.name, 'Phòng Nội vụ')
  t.equal(other.agency('H26.07.03')?.name, 'Phòng Nội vụ mới')
  t.equal(other.receivingSystem('H26.07.03'), undefined, 'it moved below G12, which declared only itself')
  t.notOk(other.children('H26').some(({ code }) => code === 'H26.07.03'))
  t.ok(other.children('G12').some(({ code }) => code === 'H26.07.03'))
  await cli.query(`update agency set parent_code = null where code = 'H26.07.03'`)
  await cli.query(`update agency set parent_code = 'H26.01.02' where code = 'H26.01'`)
  await other.refresh()
  t.equal(other.receivingSystem('H26.01'), undefined, 'a loop of parents ends')
  await cli.query(`update agency set parent_code = null where code = 'H26.01'`)

  await addAgency(cli, { code: 'H26.07', name: 'Quận Ba Đình' })
  await other.refresh()
  t.same(
    other.children('H26.07').map(({ code }) => code),
    ['H26.07.03'],
    'a gap is filled',
  )
  t.same(
    other.ancestors('H26.07.03').map(({ code }) => code),
    ['H26.07', 'H26'],
  )
})

async function* bytesOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}
const textOf = async (format: 'csv' | 'json', from = cli): Promise<string> => {
  let text = ''
  for await (const piece of exportAgencies(from, { format })) text += piece
  return text
}
const agenciesNow = async (): Promise<number> => (await cli.query('select count(*)::int as n from agency')).rows[0].n

t.test('the level-1 codes are seeded once, and what an operator knows better stays', async (t) => {
  const list = await readLevel1()
  const report = await loadLevel1(cli)
  t.equal(report.added, list.agencies.length - 4, 'H26, G10, G12 and G13 were there')
  t.match(await readAgency(cli, 'H22'), { name: 'UBND tỉnh Hà Giang', closedOn: '2025-07-01', successorCode: 'H60' })
  t.match(await readAgency(cli, 'H26'), { name: 'UBND Thành phố Hà Nội', source: 'operator' })
  t.match(await loadLevel1(cli), { read: 0, added: 0, changed: 0 })
  await registry.refresh()
  t.match(registry.resolve('000.00.00.H22', strict), {
    problem: { code: 'LT_REG_CLOSED_CODE', params: { successor: 'H60' } },
  })
})

t.test('a directory file changes what it speaks of, or nothing at all', async (t) => {
  const load = (format: 'csv' | 'json', ...texts: string[]): ReturnType<typeof importAgencies> =>
    importAgencies(cli, bytesOf(...texts), { format })
  const first = await load(
    'csv',
    'code,name,short_name,aliases,telephone,email,closed_on,successor_code\r\n',
    'H27.01,Sở Nội vụ,SNV,000.00.01.H27 H27.91,0239 1,a@b.vn,,\r\n',
    'H27.02,"Sở ""Tài chính""",,000.00.72.H27,,,2025-12-31,H27.01\r\n',
  )
  t.match(first, { read: 2, added: 2, changed: 0, aliases: 2, problems: [] })
  await registry.refresh()
  t.equal(meaning('000.00.01.H27'), 'H27.01')
  t.equal(meaning('H27.91'), 'H27.01')
  t.match(registry.resolve('000.00.72.H27', strict), { problem: { params: { successor: 'H27.01' } } })
  t.match(await readAgency(cli, 'H27.01'), {
    aliases: ['H27.91'],
    contact: { telephone: '0239 1', email: 'a@b.vn' },
    source: 'import',
  })

  const second = JSON.stringify([
    { code: 'H27.01', name: 'Sở Nội vụ', telephone: null, parentCode: 'H27' },
    { code: 'H27.02', name: 'Sở "Tài chính"', closedOn: '', aliases: ['H27.91'] },
  ])
  t.match(await load('json', second), { read: 2, added: 0, changed: 2, aliases: 1, problems: [] })
  t.match(await readAgency(cli, 'H27.01'), {
    shortName: 'SNV',
    contact: { email: 'a@b.vn' },
    aliases: [],
    parentCode: 'H27',
  })
  t.match(await readAgency(cli, 'H27.02'), {
    closedOn: null,
    successorCode: null,
    aliases: ['000.00.72.H27', 'H27.91'],
  })
  t.match(await load('json', second), { added: 0, changed: 0, aliases: 0 }, 'the same again changes nothing')

  const before = await textOf('csv')
  const wrong = await load(
    'csv',
    'code,name,kind,closed_on,successor_code,aliases\n',
    'H28.01,Đúng,,,,\n',
    'h28.02,Sai mã,,,,\n',
    'H28.03,,,,,\n',
    'H28.04,Sai loại,bank,,,\n',
    'H28.05,Sai ngày,,2025-02-29,,\n',
    'H28.01,Hai lần,,,,\n',
    'H28.06,Thiếu cột\n',
    '000.00.01.H27,Mã cũ của H27.01,,,,\n',
    'H27.91,Đang là bí danh,,,,\n',
    'H28.07,Kế thừa lạ,,2025-01-01,H28.99,\n',
    'H28.08,Bí danh là mã,,,,H26\n',
    'H28.09,Bí danh chung,,,,H28.90\n',
    'H28.10,Bí danh chung,,,,H28.90\n',
  )
  t.same(
    wrong.problems.map(({ line, code }) => [line, code]),
    [
      [3, 'LT_REG_MALFORMED_CODE'],
      [4, 'LT_REG_BAD_FIELD'],
      [5, 'LT_REG_BAD_FIELD'],
      [6, 'LT_REG_BAD_FIELD'],
      [7, 'LT_REG_CODE_TAKEN'],
      [8, 'LT_REG_BAD_FIELD'],
      [9, 'LT_REG_CODE_TAKEN'],
      [10, 'LT_REG_CODE_TAKEN'],
      [11, 'LT_REG_UNKNOWN_AGENCY'],
      [12, 'LT_REG_CODE_TAKEN'],
      [14, 'LT_REG_CODE_TAKEN'],
    ],
  )
  for (const text of ['', 'code\nH29', 'code,name,code\n', 'code,name,salary\n', 'code,name\nH28.01,"x']) {
    t.equal(await codeOf(load('csv', text)), 'LT_REG_IMPORT_UNREADABLE', text)
  }
  const json =
    '[{"code":"H28.01","name":1},{"code":"H28.02","name":"x","__proto__":{}},{"code":"H28.03","name":"x","aliases":"H1"}]'
  t.same(
    (await load('json', json)).problems.map(({ code }) => code),
    Array(3).fill('LT_REG_BAD_FIELD'),
  )
  const endless = (async function* () {
    yield Buffer.from('code,name\nH28.01,x\n')
    throw new Error('the file broke off')
  })()
  t.equal(await codeOf(importAgencies(cli, endless, { format: 'csv' })), 'LT_REG_IMPORT_UNREADABLE')
  const many = await load('csv', 'code,name\n', '?,x\n'.repeat(5_000))
  t.equal(many.problems.length, 1_000, 'problems are bounded')
  t.equal(await textOf('csv'), before, 'nothing of all that was written')
})

t.test('what is exported is imported again as it was', async (t) => {
  await addAgency(cli, {
    code: 'H33.01',
    name: '=cmd|calc',
    shortName: "'+x",
    contact: { telephone: '+84 1', address: 'a, "b"' },
  })
  const csv = await textOf('csv')
  t.match(csv, /\r\nH33\.01,'=cmd\|calc,''\+x,local,/, 'no formula reaches a spreadsheet')
  const json = await textOf('json')
  t.equal(JSON.parse(json).length, await agenciesNow())
  const empty = await createDatabase(t)
  const other = openPool(empty.url('cli'), { name: 'registry test copy', max: 1 })
  t.teardown(() => other.end())
  t.match(await importAgencies(other, bytesOf(csv), { format: 'csv' }), { added: await agenciesNow(), problems: [] })
  t.equal(await textOf('csv', other), csv)
  t.match(await importAgencies(other, bytesOf(json), { format: 'json' }), { added: 0, changed: 0, aliases: 0 })
  t.equal(await textOf('json', other), json)
})

t.test('150,000 agencies: import, memory, look-up, reload', async (t) => {
  const lines = function* (): Generator<string> {
    yield 'code,name,short_name,telephone,source\r\n'
    for (let i = 0; i < 150_000; i++) {
      const level2 = String(Math.floor(i / 1_500) + 100)
      const code = i % 1_500 === 0 ? `H56.${level2}` : `H56.${level2}.${String(i % 1_500).padStart(4, '0')}`
      yield `${code},Ủy ban nhân dân xã số ${i} huyện ${level2} tỉnh Thanh Hóa,UBND xã ${i},0237 ${i},danh bạ tỉnh\r\n`
    }
  }
  let begun = performance.now()
  const report = await importAgencies(
    cli,
    (async function* () {
      for (const line of lines()) yield Buffer.from(line)
    })(),
    { format: 'csv' },
  )
  const importMs = performance.now() - begun
  t.match(report, { read: 150_000, added: 150_000, problems: [] })
  t.ok(importMs < 60_000, 'import under a minute')

  await addSystem(cli, { code: 'hub-h56', name: 'Trục Thanh Hóa' })
  await front(cli, 'hub-h56', 'H56', { withDescendants: true })
  await front(cli, 'hub-h26', 'H56.150', { withDescendants: true })
  globalThis.gc?.()
  const heapBefore = process.memoryUsage().heapUsed
  begun = performance.now()
  const full = await openRegistry({ pool: gateway, signal: ended.signal, pollMs: 3_600_000, clock })
  const loadMs = performance.now() - begun
  globalThis.gc?.()
  const heapMb = (process.memoryUsage().heapUsed - heapBefore) / 1e6
  t.equal(full.agencyCount, await agenciesNow())
  begun = performance.now()
  let found = 0
  for (let i = 0; i < 300_000; i++) if (full.resolve('H56.177.0123', strict).ok) found++
  const lookUpUs = ((performance.now() - begun) * 1_000) / 300_000
  t.equal(found, 300_000)
  begun = performance.now()
  t.equal(full.agenciesOf('hub-h56').length, 150_001 - 1_500)
  const walkMs = performance.now() - begun
  t.match(full.receivingSystem('H56.177.0123'), { via: 'ancestor', ancestor: 'H56', system: { code: 'hub-h56' } })
  t.match(full.receivingSystem('H56.150.0123'), { ancestor: 'H56.150', system: { code: 'hub-h26' } })

  begun = performance.now()
  t.equal((await full.search('xa so 1234 thanh hoa', 5))[0]?.code, 'H56.100.1234')
  t.equal((await full.search('uy ban nhan dan', 100)).length, 100)
  const searchMs = performance.now() - begun
  await cli.query(`update agency set name = 'Xã mới' where code = 'H56.177.0123'`)
  begun = performance.now()
  await full.refresh()
  const oneMs = performance.now() - begun
  t.equal(full.agency('H56.177.0123')?.name, 'Xã mới')
  await cli.query(`update agency set kind = 'other' where code < 'H56.103' and code > 'H56'`)
  begun = performance.now()
  const reloading = full.refresh()
  await suspendSystem(cli, 'hub-h56', 'Thử')
  await full.refresh()
  t.ok(full.isSuspended('hub-h56'))
  await reloading
  t.equal(full.agency('H56.102.0123')?.kind, 'other', 'more changes than are taken one by one')
  const figures = { importMs, loadMs, heapMb, lookUpUs, walkMs, searchMs, oneMs, reloadMs: performance.now() - begun }
  t.comment(JSON.stringify(figures, (_, value) => (typeof value === 'number' ? Math.round(value * 100) / 100 : value)))
  t.ok(lookUpUs < 10)
})

t.test('with the database out of reach memory goes on, and says how old it is', async (t) => {
  const target = new URL(database.url('gateway'))
  const sockets = new Set<Socket>()
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname)
    for (const socket of [client, server])
      sockets.add(socket.on('error', () => undefined).on('close', () => socket.destroy()))
    client.pipe(server).pipe(client)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = new URL(target)
  url.hostname = '127.0.0.1'
  url.port = String((proxy.address() as { port: number }).port)
  const pool = openPool(url.href, { name: 'registry test cut', max: 2 })
  const begun = performance.now()
  const cut = await openRegistry({ pool, signal: ended.signal, pollMs: 3_600_000 })
  t.ok(cut.staleMs <= performance.now() - begun, 'as old as the reading at most')
  proxy.close()
  for (const socket of sockets) socket.destroy()
  t.equal(await codeOf(cut.refresh()), 'LT_STORE_UNAVAILABLE')
  const age = cut.staleMs
  t.equal(cut.resolve('H26', strict).ok, true)
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.ok(cut.staleMs > age + 15)
  t.equal(await codeOf(addAgency(pool, { code: 'H30', name: 'x' })), 'LT_STORE_UNAVAILABLE')
  t.equal(await codeOf(openRegistry({ pool, signal: ended.signal })), 'LT_STORE_UNAVAILABLE')
  await pool.end()
})
