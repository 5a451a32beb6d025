export { type Static, type TArray, type TObject, type TOptional, type TProperties, type TSchema, Type } from 'typebox'
export { type CompiledSchema, compileSchema, type SchemaProblem } from './compile-schema.ts'
