import { coalesced, coalescedList } from './coalesce.ts'
import type { Queryable } from './pool.ts'

export interface ContentPart {
  readonly ordinal: number
  readonly role: 'packet' | 'envelope' | 'attachment'
  readonly content_id: string | null
  readonly name: string | null
  readonly media_type: string | null
  readonly size: number
  readonly sha256: Buffer
  readonly path: string | null
  readonly range_start: number | null
  readonly range_end: number | null
}

/** The parts of a dispatch in order, without their bytes. */
export const listParts = coalescedList<ContentPart & { readonly dispatch_id: string }>(
  async (database, dispatchIds) => {
    const { rows } = await database.query<ContentPart & { dispatch_id: string }>({
      name: 'list-parts',
      text: `select c.* from unnest($1::uuid[]) as w(id)
        cross join lateral (
          select dispatch_id, ordinal, role, content_id, name, media_type, size, sha256, path, range_start, range_end
          from content c where c.dispatch_id = w.id offset 0
        ) c order by dispatch_id, ordinal`,
      values: [dispatchIds],
    })
    return rows
  },
  (row) => row.dispatch_id,
)

/** The bytes of a part that lies in the database. */
export function readPartBytes(database: Queryable, dispatchId: string, ordinal: number): Promise<Buffer | undefined> {
  return readBytes(database, { dispatchId, ordinal })
}

const readBytes = coalesced<{ dispatchId: string; ordinal: number }, Buffer | undefined>(async (database, places) => {
  const { rows } = await database.query<{ bytes: Buffer | null }>({
    name: 'read-part-bytes',
    text: `select c.bytes from unnest($1::uuid[], $2::smallint[]) with ordinality as w(dispatch_id, ordinal, place)
      left join lateral (
        select bytes from content c where c.dispatch_id = w.dispatch_id and c.ordinal = w.ordinal offset 0
      ) c on true order by w.place`,
    values: [places.map(({ dispatchId }) => dispatchId), places.map(({ ordinal }) => ordinal)],
  })
  return rows.map(({ bytes }) => bytes ?? undefined)
})
