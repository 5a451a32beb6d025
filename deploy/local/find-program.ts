export { findProgram } from '../../libs/runtime/index.ts'
