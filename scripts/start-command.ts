// What `npm start` says: <name>=<value> … exec node <flags> dist/main.js
import project from '../package.json' with { type: 'json' };

const [settings = '', command = ''] = project.scripts.start.split(' exec node ');

/** The environment that it sets; a path there is relative to the project. */
export const startSettings: Readonly<Record<string, string>> = Object.fromEntries(
  settings.split(' ').map((setting) => setting.split('=')),
);

/** What Node is told. */
export const startFlags: readonly string[] = command.split(' ').slice(0, -1);
