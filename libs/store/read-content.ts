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
export async function listParts(database: Queryable, dispatchId: string): Promise<ContentPart[]> {
  const { rows } = await database.query<ContentPart>({
    name: 'list-parts',
    text: `select ordinal, role, content_id, name, media_type, size, sha256, path, range_start, range_end
      from content where dispatch_id = $1 order by ordinal`,
    values: [dispatchId],
  })
  return rows
}

/** The bytes of a part that lies in the database. */
export async function readPartBytes(database: Queryable, dispatchId: string, ordinal: number): Promise<Buffer | undefined> {
  const { rows } = await database.query<{ bytes: Buffer }>({
    name: 'read-part-bytes',
    text: 'select bytes from content where dispatch_id = $1 and ordinal = $2 and bytes is not null',
    values: [dispatchId, ordinal],
  })
  return rows[0]?.bytes
}
