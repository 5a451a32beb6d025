import type { Queryable } from './pool.ts'

/** A part of a dispatch that lies in a file. */
export interface ContentFile {
  readonly dispatch_id: string
  readonly ordinal: number
  readonly path: string
  readonly size: number
}

const FIRST = { dispatch_id: '00000000-0000-0000-0000-000000000000', ordinal: -1 }

/** Files that content rows of dispatches name whose content is kept, in the order of their ids, behind `after`. */
export async function listContentFiles(
  database: Queryable,
  after: Pick<ContentFile, 'dispatch_id' | 'ordinal'> = FIRST,
  limit = 1000,
): Promise<ContentFile[]> {
  const { rows } = await database.query<ContentFile>(
    `select c.dispatch_id, c.ordinal, c.path, c.size from content c join dispatch d on d.id = c.dispatch_id
     where c.path is not null and d.content_state = 'KEPT' and (c.dispatch_id, c.ordinal) > ($1, $2)
     order by c.dispatch_id, c.ordinal limit $3`,
    [after.dispatch_id, after.ordinal, limit],
  )
  return rows
}
