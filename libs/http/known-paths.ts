/** Remembers which methods each address takes, so that a wrong method (405) can be told from a wrong address (404). */
export class KnownPaths {
  readonly #routes: { readonly segments: readonly string[]; readonly methods: Set<string> }[] = []

  add(url: string, methods: readonly string[]): void {
    const segments = url.split('/')
    const known = this.#routes.find((route) => route.segments.join('/') === url)
    if (known) for (const method of methods) known.methods.add(method)
    else this.#routes.push({ segments, methods: new Set(methods) })
  }

  /** The methods that some route takes at this path, sorted; empty when there is none. */
  methodsAt(url: string): string[] {
    const segments = (url.split('?', 1)[0] as string).split('/')
    const found = new Set<string>()
    for (const route of this.#routes) {
      if (matches(route.segments, segments)) for (const method of route.methods) found.add(method)
    }
    return [...found].sort()
  }
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  if (pattern[pattern.length - 1] === '*')
    return path.length >= pattern.length && matches(pattern.slice(0, -1), path.slice(0, pattern.length - 1))
  if (pattern.length !== path.length) return false
  return pattern.every((segment, at) => (segment.startsWith(':') ? path[at] !== '' : segment === path[at]))
}
