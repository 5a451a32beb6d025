import { type Queryable, readAgencyDetails } from '../../store/index.ts'
import { guardWrite } from '../guard-write.ts'
import { COLUMNS, fieldsOfAgency } from './agency-file.ts'
import type { AgencyFormat } from './import-agencies.ts'
import { csvLine } from './write-csv.ts'

const PAGE = 1_000

/**
 * Writes every agency in code order, in the form `importAgencies` reads; texts a spreadsheet would run as formulas are guarded.
 * Not in it: the dates of aliases, declarations, systems, certificates. @throws BusError LT_STORE_UNAVAILABLE
 */
export async function* exportAgencies(
  database: Queryable,
  { format }: { readonly format: AgencyFormat },
): AsyncGenerator<string> {
  const names = Object.values(COLUMNS)
  yield format === 'csv' ? csvLine(Object.keys(COLUMNS)) : '['
  let between = '\n'
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after
    const page = await guardWrite(() => readAgencyDetails(database, from, PAGE))
    let text = ''
    for (const agency of page) {
      const fields = fieldsOfAgency(agency)
      if (format === 'csv') text += csvLine(names.map((name) => fields[name]))
      else {
        const known = Object.entries(fields).filter(([name, value]) => value !== '' && name !== 'aliases')
        const aliases = agency.aliases.length > 0 ? { aliases: agency.aliases } : {}
        text += between + JSON.stringify({ ...Object.fromEntries(known), ...aliases })
        between = ',\n'
      }
    }
    yield text
    after = page.length < PAGE ? undefined : page[page.length - 1]?.code
  }
  if (format === 'json') yield '\n]\n'
}
