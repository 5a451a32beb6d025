/** The service roles: each has its own NATS user, its own PostgreSQL role and its own env file. */
export const SERVICE_ROLES = ['gateway', 'routing', 'delivery', 'receipts', 'audit', 'console', 'cli'] as const
export type ServiceRole = (typeof SERVICE_ROLES)[number]

/** A password for each service role, for the owner of the schema, for backups and for the superuser of the private cluster. */
export type Passwords = Readonly<Record<ServiceRole | 'owner' | 'backup' | 'postgres' | 'redis', string>>

/** The PostgreSQL role of a service; `owner` runs migrations, `backup` copies the cluster. */
export const databaseRole = (role: ServiceRole | 'owner' | 'backup'): string => `lt_${role}`
