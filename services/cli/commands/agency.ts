import type { Command } from '../command.ts'
import { argument, oneOf } from '../command-line.ts'
import { addAgencyFromOptions, aliasAgency, closeAgencyFromOptions } from '../operate/change-agency.ts'
import { CHANGE_OPTIONS } from '../operate/change-registry.ts'
import { exportToFile, importFromFile } from '../operate/exchange-agencies.ts'
import { findAgencies, showAgency } from '../operate/show-agency.ts'

const ACTIONS = {
  import: importFromFile,
  export: exportToFile,
  show: showAgency,
  search: findAgencies,
  add: addAgencyFromOptions,
  close: closeAgencyFromOptions,
  alias: aliasAgency,
} as const

/** `lienthong agency import FILE | export FILE | show CODE | search WORDS | add CODE NAME | close CODE | alias SPELLING CODE` */
export const agencyCommand: Command = {
  options: {
    format: { type: 'string' },
    on: { type: 'string' },
    successor: { type: 'string' },
    parent: { type: 'string' },
    ...CHANGE_OPTIONS,
    limit: { type: 'string' },
  },
  async run(call) {
    const names = Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]
    return ACTIONS[oneOf(call, 'agency', argument(call, 0, names.join(' | ')), names)](call)
  },
}
