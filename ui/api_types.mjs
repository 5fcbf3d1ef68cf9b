// Makes src/lib/api_types.ts: the schemas of the API document as types. `--check` only compares.
import { readFile, writeFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';

const document = new URL('../host/http/openapi.json', import.meta.url);
const target = new URL('src/lib/api_types.ts', import.meta.url);

const { openapi, info, components } = JSON.parse(await readFile(document, 'utf8'));
const nodes = await openapiTS({
  openapi,
  info,
  paths: {},
  components: { schemas: components.schemas },
});
const schemas = nodes.filter((node) => node.name?.text === 'components');
const text = await format(
  `/** Made by \`npm run types\` from host/http/openapi.json; never edited by hand. */\n\n${astToString(schemas)}`,
  { ...(await resolveConfig(target.pathname)), parser: 'typescript' },
);

if (!process.argv.includes('--check')) {
  await writeFile(target, text);
} else if (text !== (await readFile(target, 'utf8').catch(() => ''))) {
  console.error('src/lib/api_types.ts is not what host/http/openapi.json gives: npm run types');
  process.exitCode = 1;
}
