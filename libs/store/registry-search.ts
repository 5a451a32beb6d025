import type { Queryable } from './pool.ts'
import { AGENCY_COLUMNS } from './registry-read.ts'
import type { AgencyDetails, AgencyRow } from './registry-rows.ts'

/** Agencies whose name holds every word as the beginning of a word; the words are folded and hold letters and digits only. */
export async function searchAgenciesByName(
  database: Queryable,
  words: readonly string[],
  limit: number,
): Promise<AgencyRow[]> {
  const text = `select ${AGENCY_COLUMNS} from agency
    where to_tsvector('simple', name_folded || ' ' || coalesce(short_name_folded, '')) @@ to_tsquery('simple', $1)
    order by closed_on is not null, length(code), code limit $2`
  return (await database.query<AgencyRow>(text, [words.map((word) => `${word}:*`).join(' & '), limit])).rows
}

/** Agencies whose code begins with `prefix`, in code order; `prefix` holds code characters only. */
export async function searchAgenciesByCode(database: Queryable, prefix: string, limit: number): Promise<AgencyRow[]> {
  const text = `select ${AGENCY_COLUMNS} from agency where code >= $1 and code < $1 || '~'
    order by closed_on is not null, code limit $2`
  return (await database.query<AgencyRow>(text, [prefix, limit])).rows
}

/** At most `limit` agencies with everything that is kept of them, whose code comes after `after`. */
export async function readAgencyDetails(database: Queryable, after: string, limit: number): Promise<AgencyDetails[]> {
  const text = `select ${AGENCY_COLUMNS}, contact, confidence, source,
      array(select alias from agency_alias a where a.code = agency.code order by alias) as aliases
    from agency where code > $1 order by code limit $2`
  return (await database.query<AgencyDetails>(text, [after, limit])).rows
}

/** One agency with everything that is kept of it. */
export async function readAgency(database: Queryable, code: string): Promise<AgencyDetails | undefined> {
  const text = `select ${AGENCY_COLUMNS}, contact, confidence, source,
      array(select alias from agency_alias a where a.code = agency.code order by alias) as aliases
    from agency where code = $1`
  return (await database.query<AgencyDetails>(text, [code])).rows[0]
}
