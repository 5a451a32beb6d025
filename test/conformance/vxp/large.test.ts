import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { freePort } from '../../../deploy/local/free-port.ts'
import { watchMemory } from '../../harness/memory.ts'
import { SMALL_PDF } from '../../harness/world.ts'
import { startDoorWorld } from './door-world.ts'

const MIB = 1024 * 1024
const BOUND = 64 * MIB
/** Its Base64 makes a packet of just under 50 MiB, the most the door takes. */
const FILE_BYTES = 39_200_000

t.test(
  'the memory of the gateway does not grow with a packet, on its way in and on its way out as Base64',
  async (t) => {
    const world = await startDoorWorld(t, {
      processes: ['gateway'],
      environment: { DOOR_PORT: String(await freePort()) },
    })
    const [sender, receiver] = [world.client('demo-g12'), world.client('demo-h26')]
    const bounded = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const watch = watchMemory(world.processOf('gateway').pid)
      const result = await work()
      // What the collector leaves for later counts too.
      await sleep(200)
      const { peak, growth } = watch.stop()
      t.comment(`FIGURES ${what}: growth ${(growth / MIB).toFixed(1)} MiB, peak ${(peak / MIB).toFixed(1)} MiB`)
      t.ok(growth < BOUND, `${what}: grows by ${(growth / MIB).toFixed(1)} MiB`)
      return result
    }
    const arrived = (): Promise<Record<string, string>[]> =>
      world.until(async () => {
        const items = await receiver.received()
        return items.length > 0 && items
      })
    for (let i = 0; i < 10; i++) {
      const { json } = await sender.send(world.unsigned('demo-g12', ['H26']), { from: 'G12' })
      t.equal(json.status, 'OK')
    }
    const small = await world.until(async () => {
      const items = await receiver.received()
      return items.length === 10 && items
    })
    for (const { docId = '' } of small) await receiver.post('updateStatus', { docid: docId, status: 'done' })

    const bytes = Buffer.concat([SMALL_PDF, randomBytes(FILE_BYTES - SMALL_PDF.length)])
    const packet = world.unsigned('demo-g12', ['H26'], {
      attachments: [{ contentId: 'lon-1', name: 'lon.pdf', mediaType: 'application/pdf', bytes }],
    })
    const sent = await bounded(`sendEdoc of ${(packet.length / MIB).toFixed(1)} MiB`, () =>
      sender.send(packet, { from: 'G12' }),
    )
    t.equal(sent.json.status, 'OK', JSON.stringify(sent.json))
    const [item] = await arrived()
    const fetched = await bounded('getEdoc', () => receiver.getEdoc(item?.docId as string))
    t.ok(fetched.equals(packet), 'byte for byte')
    const tooLarge = await sender.send(Buffer.concat([packet, Buffer.alloc(2 * MIB, 32)]), { from: 'G12' })
    t.match(tooLarge.json, { status: 'FAIL', ErrorCode: '10', DocId: '', ErrorDesc: /LT_HTTP_BODY_TOO_LARGE/ })
  },
)
