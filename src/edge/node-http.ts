// Node's lists of methods and statuses, had without `import`: that reads every export of node:http, one of
// which loads all of Node's own fetch, 40 ms of a start and 4 MB.
const { METHODS, STATUS_CODES } = process.getBuiltinModule('node:http');

export { METHODS, STATUS_CODES };
