import { normalizeCode } from '../model/index.ts'
import { type AgencyRow, type Queryable, searchAgenciesByCode, searchAgenciesByName } from '../store/index.ts'
import { foldName } from './fold-name.ts'

const MAX_TEXT = 200
const MAX_WORDS = 12
const MAX_FOUND = 100

/**
 * Finds agencies by the beginning of a code (`H26`, `000.00.01`), then by words of the name typed with or without accents,
 * each the beginning of a word in any order. At most 100; open codes before closed ones.
 */
export async function searchAgencies(database: Queryable, text: string, limit: number): Promise<AgencyRow[]> {
  const most = Math.min(Math.max(Math.trunc(limit) || 1, 1), MAX_FOUND)
  const asked = text.slice(0, MAX_TEXT)
  const code = normalizeCode(asked)
  const byCode =
    /^[0-9A-Z][0-9A-Z.-]{0,34}$/.test(code) && /\d/.test(code) ? await searchAgenciesByCode(database, code, most) : []
  if (byCode.length > 0) return byCode
  const words = foldName(asked).split(' ').slice(0, MAX_WORDS)
  return words[0] === '' ? [] : searchAgenciesByName(database, words, most)
}
