export function compileValidators() { return {}; }
