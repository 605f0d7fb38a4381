/** PostgreSQL on demand: real servers (`engine/`), the program in a database pod, the operator and the health agent. */
export * from './engine/index.ts';
export { PostgresError, type PostgresErrorCode } from './errors.ts';
export { createInstanceProgram, type InstanceProgram, type InstanceProgramOptions } from './instance/create-instance-program.ts';
export type { Program, ProgramContext } from './instance/program-context.ts';
export { createOperatorProgram, type OperatorProgramOptions } from './operator/create-operator-program.ts';
export { defaultSettings, type OperatorSettings } from './operator/configuration.ts';
export { startHealthAgent, type HealthAgent, type HealthAgentOptions } from './health/start-health-agent.ts';
