import { BusError } from '../../../../libs/errors/index.ts'
import type { Operation } from '../door.ts'
import { acknowledgeAtDoor, giveUpAtDoor, takeAtDoor } from '../move-at-door.ts'
import { readDocId } from './fetch-packet.ts'

const MAX_TEXT = 2000

/** `updateStatus`: the receipt of transport. What gateways say beside `processing`, `done` and `fail` is noted and changes nothing. */
export const updateStatus: Operation = {
  method: 'POST',
  failure: {},
  changes: true,
  async run({ parameters, system, log }, { gateway }) {
    const id = readDocId(parameters, 'docid', 'docId')
    const status = parameters.get('status')?.trim().toLowerCase()
    if (!status) throw new BusError('LT_DOOR_BAD_PARAMETER', { name: 'status' })
    const text = storable(parameters.get('description') ?? '').slice(0, MAX_TEXT)
    if (status === 'done') await acknowledgeAtDoor(gateway, system, id)
    else if (status === 'fail') await giveUpAtDoor(gateway, system, id, text)
    else if (status === 'processing') await takeAtDoor(gateway, system, id)
    else {
      const { id: consignmentId } = await gateway.findConsignment(system.code, id)
      log.info(
        { consignmentId, status: storable(status).slice(0, 40), text },
        'a receiver told more than transport asks',
      )
    }
    return {}
  },
}

/** Control characters cannot be kept. */
const storable = (text: string): string =>
  text.replace(
    /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    '?',
  )
