import { Type } from 'typebox'

/** Settings that several services have in common, so that one name means one thing everywhere. */
export const sharedSettings = {
  databaseUrl: Type.String({
    secret: true,
    pattern: '^postgres(ql)?://',
    description: 'PostgreSQL, with the role of this service',
  }),
  natsUrl: Type.String({ secret: true, pattern: '^(nats|tls)://', description: 'NATS, with the user of this service' }),
  redisUrl: Type.String({
    secret: true,
    pattern: '^rediss?://',
    description: 'Redis, for timers and rate limits only',
  }),
  blobDir: Type.String({ minLength: 1, description: 'folder of the stored packets and attachments' }),
  keyDir: Type.String({ minLength: 1, description: 'folder of the keys and certificates of the axis' }),
  listenHost: Type.String({ default: '127.0.0.1', description: 'address the listener binds to' }),
  listenPort: Type.Integer({ minimum: 0, maximum: 65535, description: 'port of the listener; 0 takes a free one' }),
  tlsCertificateFile: Type.Optional(
    Type.String({ description: 'certificate chain (PEM) of the listener; with it TLS is on' }),
  ),
  tlsKeyFile: Type.Optional(Type.String({ description: 'private key (PEM) of the listener' })),
  healthPort: Type.Integer({
    minimum: 0,
    maximum: 65535,
    default: 0,
    description: 'port on 127.0.0.1 of /health/live, /health/ready and /metrics; 0: none',
  }),
  logLevel: Type.Enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
    default: 'info',
    description: 'least severe level that is logged',
  }),
}
