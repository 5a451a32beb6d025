import { uuidv7 } from '../model/index.ts'
import type { Queryable } from './pool.ts'
import type { NewAgency } from './registry-write.ts'

/** Registers an agency, or opens it again, and makes the system receive for it; `false` when the system may not. */
export async function registerAtDoor(database: Queryable, systemId: string, agency: NewAgency): Promise<boolean> {
  const { code, name, nameFolded, kind, parentCode, contact } = agency
  const { rows } = await database.query<{ done: boolean }>(
    'select door_register_agency($1, $2, $3, $4, $5, $6, $7) as done',
    [systemId, code, name, nameFolded, kind, parentCode, contact],
  )
  return rows[0]?.done === true
}

/** Closes an agency from today on; `false` when the system may not, when it is unknown, or when something is on its way to it. */
export async function closeAtDoor(database: Queryable, systemId: string, code: string): Promise<boolean> {
  const { rows } = await database.query<{ done: boolean }>('select door_close_agency($1, $2) as done', [systemId, code])
  return rows[0]?.done === true
}

/** What a system asks of the directory and an operator has to look at. */
export interface DoorRequest {
  readonly action: 'register' | 'delete'
  readonly agencyCode: string
  readonly details: Readonly<Record<string, string>>
}

/** Keeps a request for an operator; asked again it stays the one that waits. */
export async function keepDoorRequest(database: Queryable, systemId: string, request: DoorRequest): Promise<void> {
  await database.query(
    `insert into door_request (id, system_id, action, agency_code, details) values ($1, $2, $3, $4, $5)
     on conflict (system_id, action, agency_code) where settled_at is null do nothing`,
    [uuidv7(), systemId, request.action, request.agencyCode, request.details],
  )
}

/** Requests that wait, oldest first. */
export async function listDoorRequests(
  database: Queryable,
): Promise<(DoorRequest & { readonly id: string; readonly system: string; readonly askedAt: Date })[]> {
  const { rows } = await database.query(
    `select r.id, s.code as system, r.action, r.agency_code as "agencyCode", r.details, r.asked_at as "askedAt"
     from door_request r join system s on s.id = r.system_id where r.settled_at is null order by r.asked_at limit 500`,
  )
  return rows
}

/** An operator is through with a request; `false` when none waits with this id. */
export async function settleDoorRequest(database: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await database.query(
    'update door_request set settled_at = now() where id = $1 and settled_at is null',
    [id],
  )
  return rowCount === 1
}
