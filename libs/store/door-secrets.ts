import type { Queryable } from './pool.ts'

/** A secret of a system at the compatible door, as it lies in its row. */
export interface DoorSecretRow {
  readonly id: string
  readonly systemId: string
  /** The key outside the database under which the data key lies. */
  readonly keyId: string
  readonly wrapped: Buffer
  readonly sealed: Buffer
  readonly endsAt: Date | null
}

/** What may be told of a secret. */
export interface DoorSecretFacts {
  readonly id: string
  readonly keyId: string
  readonly madeAt: Date
  readonly endsAt: Date | null
}

/** Rises with every change of a secret. */
export async function readDoorSecretVersion(database: Queryable): Promise<number> {
  const { rows } = await database.query<{ version: number }>('select door_secret as version from registry_version')
  return rows[0]?.version ?? 0
}

/** Every secret that still opens the door. Rights of the gateway alone. */
export async function readDoorSecrets(database: Queryable): Promise<DoorSecretRow[]> {
  const { rows } = await database.query<DoorSecretRow>(
    `select id, system_id as "systemId", key_id as "keyId", wrapped, sealed, ends_at as "endsAt" from door_secret
     where ends_at is null or ends_at > now()`,
  )
  return rows
}

/** Keeps a new secret; those the system had until now end after so many hours. */
export async function insertDoorSecret(
  database: Queryable,
  secret: Omit<DoorSecretRow, 'endsAt'>,
  overlapHours: number,
): Promise<void> {
  await database.query(
    `update door_secret set ends_at = now() + make_interval(hours => $2)
     where system_id = $1 and (ends_at is null or ends_at > now() + make_interval(hours => $2))`,
    [secret.systemId, overlapHours],
  )
  await database.query('insert into door_secret (id, system_id, key_id, wrapped, sealed) values ($1, $2, $3, $4, $5)', [
    secret.id,
    secret.systemId,
    secret.keyId,
    secret.wrapped,
    secret.sealed,
  ])
}

/** The secrets of a system that still open the door, oldest first. */
export async function listDoorSecrets(database: Queryable, systemId: string): Promise<DoorSecretFacts[]> {
  const { rows } = await database.query<DoorSecretFacts>(
    `select id, key_id as "keyId", made_at as "madeAt", ends_at as "endsAt" from door_secret
     where system_id = $1 and (ends_at is null or ends_at > now()) order by made_at`,
    [systemId],
  )
  return rows
}

/** Ends a secret at once; `false` when the system has none with this id. */
export async function endDoorSecret(database: Queryable, systemId: string, id: string): Promise<boolean> {
  const { rowCount } = await database.query(
    'update door_secret set ends_at = now() where system_id = $1 and id = $2 and (ends_at is null or ends_at > now())',
    [systemId, id],
  )
  return rowCount === 1
}

/** Puts a data key under another key, where it still lies under the one it was read with. Rights of the gateway alone. */
export async function rewrapDoorSecret(
  database: Queryable,
  before: Pick<DoorSecretRow, 'id' | 'keyId'>,
  after: Pick<DoorSecretRow, 'keyId' | 'wrapped'>,
): Promise<boolean> {
  const { rowCount } = await database.query(
    'update door_secret set key_id = $3, wrapped = $4 where id = $1 and key_id = $2',
    [before.id, before.keyId, after.keyId, after.wrapped],
  )
  return rowCount === 1
}
