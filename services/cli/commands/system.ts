import type { Command } from '../command.ts'
import { argument, oneOf } from '../command-line.ts'
import { CONTACT_OPTIONS, setSystemContact } from '../operate/change-contact.ts'
import { changeCertificate, changeKey } from '../operate/change-credential.ts'
import {
  addSystemFromOptions,
  frontAgency,
  listSystems,
  resume,
  setSystem,
  suspend,
  unfrontAgency,
} from '../operate/change-system.ts'
import { changeSecret, rewrapSecrets, showDoorRequests } from '../operate/door-secrets.ts'
import { reportSystem } from '../operate/report-system.ts'
import { OPERATOR_OPTIONS } from '../operate/with-operations.ts'

const ACTIONS = {
  add: addSystemFromOptions,
  set: setSystem,
  list: listSystems,
  front: frontAgency,
  unfront: unfrontAgency,
  suspend,
  resume,
  secret: changeSecret,
  rewrap: rewrapSecrets,
  requests: showDoorRequests,
  key: changeKey,
  cert: changeCertificate,
  contact: setSystemContact,
  report: reportSystem,
} as const

/**
 * `lienthong system add CODE NAME | set CODE | list | front CODE AGENCY | unfront CODE AGENCY | suspend CODE --reason T | resume CODE
 * --reason T | key CODE FILE | cert CODE FILE | contact CODE`;
 * `system add CODE --fronts CODES --vxp`, `secret CODE [--overlap-hours N | --list | --revoke ID]`, `rewrap`, `requests [--settle ID]`: the
 * compatible door;
 * `report CODE [--days N]`: what its packets do wrong;
 * `key CODE --revoke KID` and `cert --revoke FINGERPRINT` take credentials back.
 */
export const systemCommand: Command = {
  options: {
    name: { type: 'string' },
    kind: { type: 'string' },
    delivery: { type: 'string' },
    'push-url': { type: 'string' },
    'push-concurrency': { type: 'string' },
    'push-per-minute': { type: 'string' },
    'push-ttl-minutes': { type: 'string' },
    'hook-url': { type: 'string' },
    'hook-receipts': { type: 'string' },
    policy: { type: 'string' },
    duplicates: { type: 'string' },
    tolerance: { type: 'string' },
    traffic: { type: 'string' },
    vxp: { type: 'boolean' },
    fronts: { type: 'string' },
    'door-networks': { type: 'string' },
    'door-connections': { type: 'string' },
    'door-subtrees': { type: 'string' },
    dialect: { type: 'string' },
    days: { type: 'string' },
    'overlap-hours': { type: 'string' },
    list: { type: 'boolean' },
    settle: { type: 'string' },
    ...CONTACT_OPTIONS,
    ...OPERATOR_OPTIONS,
    'without-descendants': { type: 'boolean' },
    kid: { type: 'string' },
    agency: { type: 'string' },
    purpose: { type: 'string' },
    revoke: { type: 'string' },
  },
  async run(call) {
    const names = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]
    return ACTIONS[oneOf(call, 'system', argument(call, 0, names.join(' | ')), names)](call)
  },
}
