import { type Actor, type Bilingual, type BusError, type ErrorParams, fill, type RetryAdvice } from '../errors/index.ts'

export const PROBLEM_CONTENT_TYPE = 'application/problem+json; charset=utf-8'
const DEFAULT_PAUSE_S = 5
const MAX_PARAM_CHARS = 300

export type Language = 'vi' | 'en'

/** The body of every refusal (RFC 9457) with the four facts of promise P6: code, who must act, what to do, whether a retry helps. */
export interface Problem {
  /** Stable, one per code; not an address. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  /** What is particular to this case, in English; never on 5xx. */
  readonly detail?: string
  readonly actor: Actor
  readonly retry: RetryAdvice
  readonly advice: string
  /** The parameters of the texts; empty on 5xx. */
  readonly params: ErrorParams
  readonly traceId: string
  readonly texts: { readonly vi: { title: string; advice: string }; readonly en: { title: string; advice: string } }
}

export interface ProblemAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Problem
}

/** The language of an answer: the first of `vi` and `en` that Accept-Language prefers, Vietnamese unless told. */
export function languageOf(acceptLanguage: string | undefined): Language {
  let best: { language: Language; q: number } = { language: 'vi', q: 0 }
  for (const item of (acceptLanguage ?? '').slice(0, 200).split(',')) {
    const [range = '', ...parameters] = item.split(';')
    const language = range.trim().slice(0, 2).toLowerCase()
    const weight = parameters.map((text) => text.trim()).find((text) => text.startsWith('q='))
    const q = weight === undefined ? 1 : Number(weight.slice(2))
    if ((language === 'vi' || language === 'en') && q > best.q) best = { language, q }
  }
  return best.language
}

/**
 * Renders an error for a caller. A parameter named `detail` becomes `detail`, `retryAfterS` the Retry-After in seconds.
 * On 5xx nothing of the inside goes out: no parameters, and texts that would show one show `…`.
 */
export function problemOf(error: BusError, traceId: string, language: Language): ProblemAnswer {
  const { status, actor, retry, title, advice } = error.entry
  const { detail, retryAfterS, ...rest } = error.params
  const ours = status >= 500
  const params: Record<string, string | number> = {}
  for (const [name, value] of ours ? [] : Object.entries(rest)) {
    params[name] = typeof value === 'string' ? value.slice(0, MAX_PARAM_CHARS) : value
  }
  const shown = detail === undefined ? params : { ...params, detail: String(detail).slice(0, MAX_PARAM_CHARS) }
  const text = (pair: Bilingual, lang: Language): string => {
    return ours ? pair[lang].replace(/\{\w{1,40}\}/g, '…') : fill(pair[lang], shown)
  }
  const texts = {
    vi: { title: text(title, 'vi'), advice: text(advice, 'vi') },
    en: { title: text(title, 'en'), advice: text(advice, 'en') },
  }
  const headers: Record<string, string> = { 'content-language': language, vary: 'Accept-Language' }
  if (retry === 'later')
    headers['retry-after'] = String(
      typeof retryAfterS === 'number' ? Math.max(1, Math.ceil(retryAfterS)) : DEFAULT_PAUSE_S,
    )
  if (error.code === 'LT_HTTP_METHOD_NOT_ALLOWED') headers.allow = String(params.allowed)
  if (status === 401) headers['www-authenticate'] = 'Bearer realm="lienthong"'
  const body: Problem = {
    type: `urn:lienthong:error:${error.code}`,
    title: texts[language].title,
    status,
    code: error.code,
    ...(detail !== undefined && !ours ? { detail: String(detail).slice(0, MAX_PARAM_CHARS) } : {}),
    actor,
    retry,
    advice: texts[language].advice,
    params,
    traceId,
    texts,
  }
  return { status, headers, body }
}
