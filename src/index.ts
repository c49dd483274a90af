export type { ScenarioInput } from './scenario/define.ts';
export { defineScenario } from './scenario/define.ts';
