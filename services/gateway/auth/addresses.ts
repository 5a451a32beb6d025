/** The names by which tokens speak of this axis. They come from a setting, never from what a request says it was sent to. */
export interface Addresses {
  /** `iss` of access tokens. */
  readonly issuer: string
  /** `aud` a client assertion has to carry; the issuer is taken too (RFC 7523 3, item 3). */
  readonly tokenEndpoint: string
  /** `aud` of access tokens. */
  readonly api: string
}

/** @param publicUrl base address at which agencies reach the native API, without a path */
export function addressesAt(publicUrl: string): Addresses {
  const issuer = publicUrl.replace(/\/$/, '')
  return { issuer, tokenEndpoint: `${issuer}/v1/token`, api: `${issuer}/v1` }
}
