/**
 * `@peculiar/x509` finds its algorithms through a container that expects three functions of the retired Reflect Metadata
 * proposal. These are the three; import this file before that package.
 */
interface MetadataReflect {
  getMetadata?(key: unknown, target: object): unknown
  getOwnMetadata?(key: unknown, target: object): unknown
  defineMetadata?(key: unknown, value: unknown, target: object): void
}

const reflect = Reflect as MetadataReflect
if (reflect.getMetadata === undefined) {
  const store = new WeakMap<object, Map<unknown, unknown>>()
  const own = (key: unknown, target: object): unknown => store.get(target)?.get(key)
  reflect.getOwnMetadata = own
  reflect.getMetadata = (key, target) => {
    for (let at: object | null = target; at; at = Object.getPrototypeOf(at) as object | null) {
      const found = own(key, at)
      if (found !== undefined) return found
    }
    return undefined
  }
  reflect.defineMetadata = (key, value, target) => {
    const entries = store.get(target) ?? new Map<unknown, unknown>()
    store.set(target, entries.set(key, value))
  }
}
