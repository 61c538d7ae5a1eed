// Node's lists of methods and statuses, had without `import`: that reads every export of node:http, one of
// which loads all of Node's own fetch (60 ms of processor time and 13 MB in a process that does nothing else).
const { METHODS, STATUS_CODES } = process.getBuiltinModule('node:http');

export { METHODS, STATUS_CODES };
