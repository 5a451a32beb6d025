import { createHash } from 'node:crypto'
import t from 'tap'
import { EVENTS } from '../../libs/model/index.ts'
import { sealEntry } from '../../libs/pipeline/index.ts'
import { cutSignature } from '../../libs/signature/index.ts'
import type { CheckedEvent } from '../../libs/store/index.ts'
import { checkEntry, checkLeaf } from '../../services/cli/operate/fsck/check-log.ts'
import { isUnderWay, replayEntries } from '../../services/cli/operate/fsck/replay-entries.ts'

const D = '01890000-0000-7000-8000-000000000000'
let made = 0

/** Entries in order; `c:` in front of an event: of consignment c. With details where they are given. */
function entries(...said: (string | readonly [string, object])[]): CheckedEvent[] {
  return said.map((each) => {
    const [event, details] = typeof each === 'string' ? [each, undefined] : each
    const [name = '', consignment = null] = event.split(':').reverse()
    return {
      id: `entry-${++made}`,
      dispatch_id: D,
      event: name,
      consignment_id: consignment,
      details: details === undefined ? null : JSON.stringify(details),
    }
  })
}
const { submissionAccepted, routed, available, pushQueued, attemptBegun, attemptEnded, handedOver, acknowledged } =
  EVENTS

const agreed = (action: string) => [EVENTS.requestAgreed, { action }] as const
const declined = (action: string) => [EVENTS.requestDeclined, { action }] as const

t.test('the ways of a consignment lead where the state machine says', (t) => {
  const ways: readonly (readonly [string, readonly (string | readonly [string, object])[]])[] = [
    ['AVAILABLE', [available]],
    ['ACKNOWLEDGED', [available, handedOver, acknowledged]],
    ['ACKNOWLEDGED', [available, acknowledged]],
    ['REFUSED', [available, handedOver, EVENTS.refused]],
    ['RETRYING', [pushQueued, attemptBegun, attemptEnded]],
    ['ACKNOWLEDGED', [pushQueued, attemptBegun, attemptEnded, attemptBegun, attemptEnded, handedOver, acknowledged]],
    ['DEAD', [pushQueued, attemptBegun, attemptEnded, EVENTS.deadLettered]],
    ['ACKNOWLEDGED', [pushQueued, EVENTS.deadLettered, acknowledged]],
    ['AVAILABLE', [pushQueued, EVENTS.reassigned, available]],
    ['QUEUED', [pushQueued, EVENTS.deadLettered, EVENTS.requeued, pushQueued]],
    ['QUEUED', [pushQueued, EVENTS.deadLettered, [EVENTS.requeued, { state: 'QUEUED' }]]],
    ['HELD', [available, EVENTS.held]],
    ['AVAILABLE', [available, EVENTS.held, EVENTS.released, available]],
    ['RETRYING', [pushQueued, EVENTS.held, [EVENTS.released, { state: 'RETRYING' }]]],
    ['EXPIRED', [available, EVENTS.notified, EVENTS.expired]],
    ['RECALLED', [available, EVENTS.recalled]],
    ['HANDED_OVER', [available, handedOver, EVENTS.recallPending, EVENTS.repaired]],
    ['AVAILABLE', [EVENTS.resent, available]],
    ['AVAILABLE', [EVENTS.receiverAdded, available]],
    ['RECALLED', [EVENTS.recalled]],
    ['RECALLED', [available, EVENTS.held, EVENTS.recalled]],
    ['RECALLED', [available, handedOver, acknowledged, EVENTS.recallPending, agreed('recall'), EVENTS.recalled]],
    ['RECALLED', [pushQueued, attemptBegun, EVENTS.recallPending, agreed('remove'), EVENTS.recalled]],
    ['ACKNOWLEDGED', [available, handedOver, acknowledged, EVENTS.changePending, agreed('update')]],
    ['ACKNOWLEDGED', [available, handedOver, EVENTS.recallPending, declined('recall'), acknowledged]],
    ['DEAD', [available, EVENTS.operatorClosed, EVENTS.deadLettered]],
    ['QUEUED', [available, [EVENTS.reassigned, { from: 'pull', to: 'push' }]]],
    ['QUEUED', [available, EVENTS.expired, [EVENTS.requeued, { state: 'QUEUED' }], EVENTS.reassigned, pushQueued]],
    ['AVAILABLE', [available, EVENTS.deadlinePassed]],
  ]
  for (const [state, way] of ways) {
    const played = replayEntries(
      entries(
        submissionAccepted,
        routed,
        ...way.map((each) => (typeof each === 'string' ? `c:${each}` : ([`c:${each[0]}`, each[1]] as const))),
      ),
    )
    t.same(played.consignments.get('c')?.states, [state], way.join(' '))
    t.same([played.unknown, played.impossible, played.state], [[], [], 'ROUTED'])
  }
  const open = replayEntries(entries(`c:${available}`, `c:${EVENTS.held}`, `c:${EVENTS.released}`)).consignments.get(
    'c',
  )
  t.ok(open && open.states.length > 1 && isUnderWay(open), 'where nothing says it, each of them is right')
  const pushed = replayEntries(
    entries(`c:${pushQueued}`, `c:${attemptBegun}`, `c:${attemptEnded}`, `c:${attemptBegun}`),
  )
  t.equal(pushed.consignments.get('c')?.attempts, 2)
  t.ok(replayEntries(entries(`c:${available}`, `c:${EVENTS.recallPending}`)).consignments.get('c')?.recallPending)
  t.end()
})

t.test('a request to give back stands until its answer', (t) => {
  const pendingAfter = (...way: (string | readonly [string, object])[]) =>
    replayEntries(
      entries(...way.map((each) => (typeof each === 'string' ? `c:${each}` : ([`c:${each[0]}`, each[1]] as const)))),
    ).consignments.get('c')?.recallPending
  const asked = [available, handedOver, EVENTS.recallPending]
  t.equal(pendingAfter(...asked, acknowledged), true)
  t.equal(pendingAfter(...asked, declined('recall')), false)
  t.equal(pendingAfter(...asked, agreed('update')), true, 'the answer to an update is none to a recall')
  t.equal(pendingAfter(...asked, agreed('remove'), EVENTS.recalled), false)
  t.equal(pendingAfter(...asked, EVENTS.requestDeclined), undefined, 'without details nothing says which was answered')
  t.equal(pendingAfter(available, handedOver, EVENTS.changePending, EVENTS.requestDeclined), false)
  const without = replayEntries(entries(...[...asked, acknowledged, EVENTS.recalled].map((each) => `c:${each}`)))
  t.match(without.impossible, [{ from: 'ACKNOWLEDGED', event: EVENTS.recalled }], 'nobody gave it back')
  t.end()
})

t.test('the dispatch, its content and its hold', (t) => {
  const played = replayEntries(
    entries(
      submissionAccepted,
      routed,
      EVENTS.closed,
      EVENTS.reopened,
      EVENTS.closed,
      EVENTS.contentHeld,
      EVENTS.contentReleased,
      EVENTS.contentDeleted,
    ),
  )
  t.match(played, { state: 'CLOSED', deleted: true, held: false })
  t.equal(replayEntries(entries(submissionAccepted, EVENTS.contentHeld)).held, true)
  t.equal(replayEntries([]).state, undefined)
  t.end()
})

t.test('what it does not know it reports; what cannot be it reports and plays on', (t) => {
  const played = replayEntries(
    entries(
      submissionAccepted,
      'SomethingNew',
      `c:${available}`,
      `c:${acknowledged}`,
      `c:${available}`,
      `x:${attemptBegun}`,
    ),
  )
  t.match(played.unknown, [{ event: 'SomethingNew' }])
  t.match(played.impossible, [
    { consignment: 'c', from: 'ACKNOWLEDGED', event: available },
    { consignment: 'x', from: 'new', event: attemptBegun },
  ])
  t.end()
})

t.test('hashes of an entry are made anew', (t) => {
  const sealed = sealEntry({ event: EVENTS.closed, dispatchId: D, details: { x: 1 } }, new Date())
  const leaf = Buffer.from(sealed.leaf_hash, 'hex')
  const entry = {
    id: sealed.id,
    event: sealed.event,
    event_time: new Date(sealed.event_time),
    details_digest: Buffer.from(sealed.details_digest, 'hex'),
    leaf_hash: leaf,
    salt: Buffer.from(sealed.salt, 'hex'),
    details: sealed.details,
    logged_hash: leaf,
    waiting: 0,
  }
  const kinds = (change: Partial<typeof entry> | { salt: null; details: null }): string[] =>
    checkEntry({ ...entry, ...change }).map(({ kind }) => kind)
  t.same(kinds({}), [])
  t.same(kinds({ salt: null, details: null }), [], 'details may be deleted')
  t.same(kinds({ details: '{"x":2}' }), ['entry-digest'])
  t.same(kinds({ salt: Buffer.alloc(3) }), ['entry-digest'])
  t.same(kinds({ event: 'Other' }), ['entry-leaf'])
  t.same(kinds({ waiting: 1 }), ['entry-doubled'])
  t.same(kinds({ logged_hash: createHash('sha256').digest() }), ['leaf-differs'])
  const place = { epoch: 0, index: 7 }
  t.same(checkLeaf(place, { epoch: 0, index: 8, entry_id: D, known: true }), [])
  t.same(checkLeaf(place, { epoch: 1, index: 0, entry_id: D, known: true }), [], 'a new epoch begins at 0')
  t.match(checkLeaf(place, { epoch: 0, index: 10, entry_id: D, known: false }), [
    { kind: 'index-gap', id: '0/8' },
    { kind: 'leaf-without-entry' },
  ])
  t.end()
})

t.test('a signature is cut out byte for byte, with the namespaces around it', (t) => {
  const DS = 'http://www.w3.org/2000/09/xmldsig#'
  const own = `<ds:Signature xmlns:ds="${DS}"><ds:KeyInfo><ds:X509Certificate>\n AQID </ds:X509Certificate></ds:KeyInfo></ds:Signature>`
  const cut = cutSignature(Buffer.from(`<a xmlns='urn:a' xmlns:b="urn:b"><!-- <ds:Signature> --><h>${own}</h><x/></a>`))
  t.equal(cut?.bytes.toString(), own)
  t.same(cut?.namespaces, { '': 'urn:a', b: 'urn:b' })
  t.same(cut?.certificates, [Buffer.from([1, 2, 3])])
  t.equal(
    cutSignature(Buffer.from(`<a xmlns="${DS}"><Signature Id="x"/></a>`))?.bytes.toString(),
    '<Signature Id="x"/>',
  )
  const inner = `<Signature><SignedInfo><Signature/></SignedInfo></Signature>`
  t.equal(cutSignature(Buffer.from(`<a xmlns="${DS}">${inner}</a>`))?.bytes.toString(), inner)
  t.equal(cutSignature(Buffer.from('<a><Signature xmlns="urn:other"/></a>')), undefined)
  t.equal(cutSignature(Buffer.from('<a/>')), undefined)
  t.end()
})
