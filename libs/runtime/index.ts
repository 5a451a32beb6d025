export { type Clock, systemClock } from './clock.ts'
export { type ClusterOwner, clusterOwner } from './cluster-owner.ts'
export { loadConfig, unknownVariables, variableName } from './config.ts'
export { crashPoint } from './crash-point.ts'
export { defineEvent, type EventFields } from './define-event.ts'
export { type Environment, processEnvironment, readEnvFile, serviceEnvironment } from './environment.ts'
export { EXIT, exitCodeOf } from './exit-code.ts'
export { findProgram } from './find-program.ts'
export { createLogger, type Logger, type LoggerOptions } from './logger.ts'
export { type Labels, METRICS_CONTENT_TYPE, metric, metricsText } from './metric.ts'
export { runProcess, runService } from './run-service.ts'
export { sabotaged } from './sabotage.ts'
export { readSecret } from './secret.ts'
export {
  defineService,
  type Running,
  type ServiceContext,
  type ServiceDefinition,
  type StartOptions,
  startService,
} from './service.ts'
export { sharedSettings } from './shared-settings.ts'
