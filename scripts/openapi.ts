// Writes openapi/openapi.json from the source, or tells whether it is what the source says.
import { readFileSync, writeFileSync } from 'node:fs';
import { openapiDocument } from '../src/edge/openapi/document.ts';

const FILE = new URL('../openapi/openapi.json', import.meta.url);
const text = `${JSON.stringify(openapiDocument(), null, 2)}\n`;

const [mode] = process.argv.slice(2);
if (mode === '--write') {
  writeFileSync(FILE, text);
} else if (mode === '--check') {
  if (written() !== text) {
    console.error('openapi/openapi.json is not what the source says: run npm run openapi:write');
    process.exitCode = 1;
  }
} else {
  console.error('Say --write or --check.');
  process.exitCode = 1;
}

function written(): string | undefined {
  try {
    return readFileSync(FILE, 'utf8');
  } catch {
    return undefined;
  }
}
