import { type KeyObject, sign } from 'node:crypto'

export interface RequestSignerOptions {
  /** A private key on P-256. */
  readonly key: KeyObject
  /** How receivers find the certificate: its SHA-256, lower-case hex. */
  readonly keyId: string
  /** What the signature is for (RFC 9421 2.3, `tag`): one made for another purpose is not taken. */
  readonly tag: string
  /** Seconds a receiver may take it for fresh. */
  readonly lifeS: number
}

export interface SignableRequest {
  readonly method: string
  readonly url: URL
  /** All of them are signed, in this order; names in lower case, values in printable ASCII. */
  readonly headers: Readonly<Record<string, string>>
}

/** Answers the fields `signature-input` and `signature` to send along. */
export type RequestSigner = (request: SignableRequest, created: Date) => Record<string, string>

const LABEL = 'lt'

/** Signs requests per RFC 9421: method, target URI and the given fields, ECDSA P-256 with SHA-256 (3.3.4). */
export function createRequestSigner({ key, keyId, tag, lifeS }: RequestSignerOptions): RequestSigner {
  return ({ method, url, headers }, created) => {
    const from = Math.floor(created.getTime() / 1000)
    const covered: (readonly [string, string])[] = [
      ['@method', method],
      ['@target-uri', url.href],
      ...Object.entries(headers),
    ]
    const names = covered.map(([name]) => `"${name}"`).join(' ')
    const params = `(${names});created=${from};expires=${from + lifeS};keyid="${keyId}";alg="ecdsa-p256-sha256";tag="${tag}"`
    const base = [...covered.map(([name, value]) => `"${name}": ${value}`), `"@signature-params": ${params}`].join('\n')
    const value = sign('sha256', Buffer.from(base), { key, dsaEncoding: 'ieee-p1363' })
    return { 'signature-input': `${LABEL}=${params}`, signature: `${LABEL}=:${value.toString('base64')}:` }
  }
}
