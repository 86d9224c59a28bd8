export function runScenarios(_rewrite: boolean): boolean {
  return true;
}
