import type { Command } from '../command.ts'
import { argument, oneOf } from '../command-line.ts'
import { addAgencyFromOptions, aliasAgency, closeAgencyFromOptions } from '../operate/change-agency.ts'
import { CONTACT_OPTIONS, setAgencyContact } from '../operate/change-contact.ts'
import { exportToFile, importFromFile } from '../operate/exchange-agencies.ts'
import { findAgencies, showAgency } from '../operate/show-agency.ts'
import { OPERATOR_OPTIONS } from '../operate/with-operations.ts'

const ACTIONS = {
  import: importFromFile,
  export: exportToFile,
  show: showAgency,
  search: findAgencies,
  add: addAgencyFromOptions,
  close: closeAgencyFromOptions,
  alias: aliasAgency,
  contact: setAgencyContact,
} as const

/** `lienthong agency import FILE | export FILE | show CODE | search WORDS | add CODE NAME | close CODE | alias SPELLING CODE | contact CODE` */
export const agencyCommand: Command = {
  options: {
    format: { type: 'string' },
    on: { type: 'string' },
    successor: { type: 'string' },
    parent: { type: 'string' },
    ...CONTACT_OPTIONS,
    ...OPERATOR_OPTIONS,
    limit: { type: 'string' },
  },
  async run(call) {
    const names = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]
    return ACTIONS[oneOf(call, 'agency', argument(call, 0, names.join(' | ')), names)](call)
  },
}
