import t from 'tap'
import { startDoorWorld } from './door-world.ts'

t.test('two clients of today’s axis, and nobody between them notices anything', async (t) => {
  const world = await startDoorWorld(t)
  const [sender, receiver] = [world.client('demo-g12'), world.client('demo-h26')]
  const packet = world.unsigned('demo-g12', ['H26'])
  const sent = await sender.send(packet, { from: 'G12' })
  t.equal(sent.status, 200)
  t.equal(sent.json.status, 'OK', JSON.stringify(sent.json))
  const [item] = await world.until(async () => {
    const items = await receiver.received()
    return items.length > 0 && items
  })
  t.match(item, { from: 'G12', to: 'H26', status: 'initial', messageType: 'edoc', serviceType: 'eDoc' })
  const docId = item?.docId as string
  t.equal((await receiver.post('updateStatus', { status: 'processing', docid: docId })).json.status, 'OK')
  t.match(await receiver.received(), [{ docId, status: 'processing' }])
  t.ok((await receiver.getEdoc(docId)).equals(packet), 'byte for byte')
  t.equal((await receiver.post('updateStatus', { status: 'done', docid: docId })).json.status, 'OK')
  t.same(await receiver.received(), [])
})
