import { createHash } from 'node:crypto'

const MAX_TOKENS = 10_000

export interface KnownToken {
  readonly systemCode: string
  /** `exp` in milliseconds. */
  readonly expiresAt: number
}

/** Tokens whose signature was verified here, by their SHA-256, least recently used out first. */
export class TokenCache {
  readonly #tokens = new Map<string, KnownToken>()

  get(token: string): KnownToken | undefined {
    const key = keyOf(token)
    const known = this.#tokens.get(key)
    if (!known) return undefined
    this.#tokens.delete(key)
    this.#tokens.set(key, known)
    return known
  }

  set(token: string, known: KnownToken): void {
    this.#tokens.set(keyOf(token), known)
    if (this.#tokens.size > MAX_TOKENS) this.#tokens.delete(this.#tokens.keys().next().value as string)
  }

  get size(): number {
    return this.#tokens.size
  }
}

// The digest is compared, never the token: how long a look-up takes tells nothing about a token.
function keyOf(token: string): string {
  return createHash('sha256').update(token).digest('base64')
}
