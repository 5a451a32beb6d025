import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Bus } from '../../libs/bus/index.ts'
import type { Registry } from '../../libs/registry/index.ts'
import type { OpenConsignment } from '../../libs/store/index.ts'
import { openReceiverCheck, receiverStatement } from '../../services/gateway/mailbox/verify-receiver.ts'
import { watchMailboxes } from '../../services/gateway/mailbox/watch-mailboxes.ts'

t.test('codes that share subject tokens are all woken, and the codes are grouped once', (t) => {
  let wake = (_subject: string, _data = ''): void => undefined
  const bus = {
    subscribe: (_: string, handler: (subject: string, data: Uint8Array) => void) =>
      (wake = (subject, data = '') => handler(subject, Buffer.from(data))),
    onReconnect: () => undefined,
  } as unknown as Bus
  let version = 1
  let asked = 0
  const registry = {
    get version() {
      return version
    },
    agenciesOf: (system: string) => {
      asked += 1
      return system === 'hub' ? ['0100109106-001', '0100109106.001', 'H26'] : []
    },
    receivingSystem: () => ({ system: { code: 'hub' } }),
  } as unknown as Registry
  const woken: (string | undefined)[] = []
  const mailboxes = watchMailboxes(bus, registry, (id) => woken.push(id))
  mailboxes.add({ systemCode: 'hub', wake: (agency) => woken.push(agency), leased: () => undefined })
  const shared = 'lt.consignment.available.X.0100109106_001'
  wake(shared)
  t.same(woken.splice(0), ['0100109106-001', '0100109106.001'])
  wake('lt.consignment.available.H26')
  t.same(woken.splice(0), ['H26'])
  wake('lt.consignment.available.H26', 'an id')
  t.same(woken.splice(0), ['an id', 'H26'], 'what came back is told before anybody looks')
  wake(shared)
  t.equal(asked, 1)
  version = 2
  wake(shared)
  t.equal(asked, 2, 'made again when the registry changed')

  const nobody = watchMailboxes(bus, registry)
  nobody.add({ systemCode: 'other', wake: () => undefined, leased: () => undefined })
  asked = 0
  for (let count = 0; count < 100; count++) wake('lt.consignment.available.X.nobody')
  t.equal(asked, 1, 'also when there is nothing to group')
  t.end()
})

t.test("a receiver's own signature: whatever is wrong with it has one code", (t) => {
  const folder = t.testdir()
  const issue = (name: string, ...key: string[]): { pem: string; key: string } => {
    const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)]
    execFileSync('openssl', ['req', '-x509', ...key, '-nodes', ...files, '-subj', `/CN=${name}`], { stdio: 'pipe' })
    return {
      pem: readFileSync(join(folder, `${name}.pem`), 'utf8'),
      key: readFileSync(join(folder, `${name}.key`), 'utf8'),
    }
  }
  const ec = issue('ec', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256')
  const ed = issue('ed', '-newkey', 'ed25519')
  const fingerprint = (pem: string): string => createHash('sha256').update(new X509Certificate(pem).raw).digest('hex')
  const broken = '0'.repeat(64)
  const pems = new Map([
    [fingerprint(ec.pem), ec.pem],
    [fingerprint(ed.pem), ed.pem],
    [broken, 'no certificate'],
  ])
  const check = openReceiverCheck({
    certificate: (print: string) => (pems.has(print) ? { certificatePem: pems.get(print) } : undefined),
    signerRelation: () => 'agency',
  } as unknown as Registry)
  const row = { id: 'c-1', agency_code: 'H26', content_hash: Buffer.alloc(32, 7) } as unknown as OpenConsignment
  const signed = (verb: 'acknowledge' | 'refuse', time: string) => ({
    time,
    fingerprint: fingerprint(ec.pem),
    value: sign('sha256', Buffer.from(receiverStatement(verb, row, time)), {
      key: createPrivateKey(ec.key),
      dsaEncoding: 'ieee-p1363',
    }).toString('base64'),
  })
  t.equal(receiverStatement('refuse', row, 'T'), `lt-receipt-1\nrefuse\nc-1\n${'07'.repeat(32)}\nT\n`)
  for (const time of ['2026-11-22T01:02:03Z', '2026-11-22T08:02:03.123456789+07:00', '2024-02-29T23:59:59-14:00']) {
    check(row, 'acknowledge', signed('acknowledge', time), 'hub')
    t.throws(
      () => check(row, 'refuse', signed('acknowledge', time), 'hub'),
      { code: 'LT_BOX_BAD_SIGNATURE' },
      'the other verb',
    )
  }
  const times = [
    '',
    '2026-11-22',
    '2026-11-22 01:02:03Z',
    '2026-02-30T00:00:00Z',
    '2026-11-22T24:00:00Z',
    '2026-11-22T01:02:60Z',
    '2026-11-22T01:02:03',
    '2026-11-22T01:02:03+15:00',
    'T\n',
  ]
  for (const time of times)
    t.throws(
      () => check(row, 'refuse', signed('refuse', time), 'hub'),
      { code: 'LT_BOX_BAD_SIGNATURE' },
      `the time ${time}`,
    )
  const good = signed('refuse', '2026-11-22T01:02:03Z')
  const value = Buffer.from(good.value, 'base64')
  for (const bad of [`${good.value}\n`, good.value.slice(0, -4), value.subarray(1).toString('base64'), '']) {
    t.throws(() => check(row, 'refuse', { ...good, value: bad }, 'hub'), { code: 'LT_BOX_BAD_SIGNATURE' })
  }
  for (const print of [fingerprint(ed.pem), broken, 'f'.repeat(64)]) {
    t.throws(
      () => check(row, 'refuse', { ...good, fingerprint: print }, 'hub'),
      { code: 'LT_BOX_BAD_SIGNATURE' },
      'a key that cannot have made it',
    )
  }
  t.end()
})
