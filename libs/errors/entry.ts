/** Who has to act before the same request can succeed. */
export type Actor = 'sender' | 'receiver' | 'axis' | 'ca'

/**
 * Whether sending the same request again can help.
 * `never`: the same bytes will always be refused. `after-fix`: once the actor has done what the advice says.
 * `later`: without any change, after a pause (the answer carries Retry-After).
 */
export type RetryAdvice = 'never' | 'after-fix' | 'later'

/** A text in both languages of the product. `{name}` marks a parameter of the error. */
export interface Bilingual {
  readonly vi: string
  readonly en: string
}

/** One refusal or failure: everything a caller needs to know without reading our source (promise P6). */
export interface CatalogueEntry {
  /** HTTP status of the native API. */
  readonly status: number
  readonly actor: Actor
  readonly retry: RetryAdvice
  /** Numeric code the compatible door answers with (`ErrorCode`). */
  readonly vxpCode: string
  /** What is wrong, one sentence. */
  readonly title: Bilingual
  /** What to do about it, one or two sentences. */
  readonly advice: Bilingual
}

/** The entries of one area, checked for completeness where they are written. */
export function defineErrors<K extends string>(entries: Record<K, CatalogueEntry>): Record<K, CatalogueEntry> {
  return entries
}
