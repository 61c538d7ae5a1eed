// Values of parameters: good ones, marked ones, and some that are almost good.
import type { Chance } from '../../src/sandbox/chance.ts';
import { CUSTOMERS } from '../../src/sandbox/customers.ts';
import { MARKED, TOKEN } from './marked.ts';

/** A parameter as it stands in a query string or a JSON object. */
export type Pair = readonly [name: string, value: unknown];

type Makers = readonly [(chance: Chance) => string, ...((chance: Chance) => string)[]];

const PEOPLE = Object.values(CUSTOMERS);
const TENANT_NAMES = ['acme', 'acme', 'acme-uk', 'globex', 'initech'] as const;

const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  '\t\r\n',
  '\ud800',
  'x\udc00y',
  '\u202eabc',
  'é'.normalize('NFD'),
  '💥',
  '%00',
  '%zz',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  '[object Object]',
  '-1',
  '1e309',
  '../../etc/passwd',
  "' OR 1=1 --",
  '\u2028',
  '\ufeff',
  ',',
  ',,,',
  'a'.repeat(257),
  'a'.repeat(2_000),
] as const;

/** A text that is made up of anything. */
export function oddText(chance: Chance): string {
  if (!chance.oneIn(3)) return chance.pick(ODD_TEXTS);
  const length = chance.between(1, 12);
  return String.fromCharCode(
    ...Array.from({ length }, () => chance.between(0, chance.pick([0x7f, 0xff, 0xffff]))),
  );
}

/** A number that only this request has, as text. */
function nonce(chance: Chance): string {
  // Few, so that some are asked for again.
  return String(chance.between(0, chance.pick([20, 100_000])));
}

const person = (chance: Chance) => PEOPLE[chance.between(0, PEOPLE.length - 1)] ?? CUSTOMERS.ada;

const EMAILS: Makers = [
  () => MARKED.email,
  () => ` ${MARKED.email.toUpperCase()} `,
  (chance) => emailOf(person(chance)),
  (chance) => emailOf(person(chance)).toUpperCase(),
  (chance) => `${nonce(chance)}.${TOKEN}@marked.example`,
  (chance) => `${nonce(chance)}@${TOKEN}.b\u00fccher.example.`,
  (chance) => `${TOKEN}@${TOKEN}@${nonce(chance)}`,
  (chance) => `"${TOKEN}"@x.example${nonce(chance)}`,
  (chance) => `${TOKEN}${oddText(chance)}@marked.example`,
];

const PHONES: Makers = [
  () => MARKED.phoneNumber,
  () => '(628) 555-0174',
  () => 'tel:+1-628-555-0174',
  (chance) => phoneOf(person(chance)),
  (chance) => phoneOf(person(chance)).replace('+', '00'),
  (chance) => `+1415555${String(chance.between(0, 9_999)).padStart(4, '0')}`,
  (chance) => `0207946${String(chance.between(0, 9_999)).padStart(4, '0')}`,
  (chance) => `${MARKED.phoneNumber} ext. ${nonce(chance)}`,
  (chance) => `${MARKED.phoneNumber}${oddText(chance)}`,
];

const IDS: Makers = [
  () => MARKED.contactId,
  () => MARKED.accountId,
  () => ` ${CUSTOMERS.ada.contactId} `,
  () => CUSTOMERS.busy.accountId,
  (chance) => `${TOKEN}-${nonce(chance)}`,
  (chance) => `${TOKEN}${oddText(chance)}`,
];

const SHORTHANDS: Makers = [
  (chance) => `email:${make(chance, EMAILS)}`,
  (chance) => `Phone:${make(chance, PHONES)}`,
  (chance) => `CONTACT:${make(chance, IDS)}`,
  (chance) => `account:${make(chance, IDS)}`,
  (chance) => make(chance, EMAILS),
  (chance) => make(chance, PHONES),
  (chance) => `${TOKEN}${nonce(chance)}`,
];

const TIMES: Makers = [
  () => '2025-01-01T00:00:00Z',
  () => '2026-02-28T23:59:59.999-05:00',
  (chance) =>
    `202${chance.between(0, 6)}-0${chance.between(1, 9)}-1${chance.between(0, 9)}T00:00:00+02:00`,
  () => '2024-01-01T00:00:00.5Z',
  () => '2024-01-01T00:00:00',
  () => '2024-02-30T00:00:00Z',
  () => '2099-01-01T00:00:00Z',
  () => '1969-12-31T23:59:59Z',
  () => '+275760-09-13T00:00:00Z',
  () => `2024-01-01T00:00:00Z${TOKEN}`,
];

const DURATIONS: Makers = [
  (chance) => `P${chance.between(1, 400)}D`,
  (chance) => `P${chance.between(1, 11)}Y`,
  (chance) => `PT${chance.between(1, 100)}H`,
  () => 'P1Y',
  () => 'P1Y2M3DT4H5M6S',
  () => 'P0D',
  () => 'P99999999999999999999Y',
  () => `P1D${TOKEN}`,
];

const FIELDS = [
  'id',
  'address',
  'sentiment',
  'topics',
  'startedAt',
  'summary',
  'durationSeconds',
  'nothing',
] as const;

const NAMES = [
  'email',
  'phoneNumber',
  'contactId',
  'accountId',
  'customer',
  'crmId',
  'startTime',
  'endTime',
] as const;
const MORE_NAMES = [
  'last',
  'include',
  'fields',
  'tenant',
  'interactionId',
  'interactionIds',
  'history',
  'limit',
] as const;

/** The parameters of a question about a customer; most often good ones. */
export function customerPairs(chance: Chance): readonly Pair[] {
  const pairs: Pair[] = chance.oneIn(30) ? [] : [identity(chance)];
  if (!chance.oneIn(12)) pairs.push(['tenant', tenantName(chance)]);
  if (chance.oneIn(4)) pairs.push(['last', make(chance, DURATIONS)]);
  else if (chance.oneIn(6)) pairs.push(['startTime', make(chance, TIMES)]);
  if (chance.oneIn(12)) pairs.push(['endTime', make(chance, TIMES)]);
  if (chance.oneIn(6)) pairs.push(['include', ['summaries']]);
  if (chance.oneIn(5)) pairs.push(['fields', someOf(chance, () => chance.pick(FIELDS), 4)]);
  if (chance.oneIn(15)) pairs.push(['crmId', chance.pick(['native', 'NATIVE', TOKEN])]);
  if (chance.oneIn(10)) pairs.push(anyPair(chance));
  return pairs;
}

/** The parameters of a batch. */
export function batchPairs(chance: Chance): readonly Pair[] {
  const customer = () =>
    chance.oneIn(12) ? anyJson(chance) : Object.fromEntries(customerPairs(chance));
  const pairs: Pair[] = [
    ['customers', chance.oneIn(15) ? anyJson(chance) : someOf(chance, customer, 8)],
  ];
  if (!chance.oneIn(12)) pairs.push(['tenant', tenantName(chance)]);
  if (chance.oneIn(12)) pairs.push(anyPair(chance));
  return pairs;
}

/** The parameters of a question about summaries, their ids under `name`. */
export function summariesPairs(chance: Chance, name: string): readonly Pair[] {
  const count = chance.oneIn(20) ? 201 : chance.between(0, 8);
  const ids = Array.from({ length: count }, () =>
    chance.oneIn(3) ? make(chance, IDS) : `int-${chance.between(0, 60)}-${TOKEN}`,
  );
  const pairs: Pair[] = [[name, chance.oneIn(10) ? MARKED.interactionId : ids]];
  if (!chance.oneIn(12)) pairs.push(['tenant', tenantName(chance)]);
  if (chance.oneIn(12)) pairs.push(anyPair(chance));
  return pairs;
}

/** JSON values of every kind, at most `depth` deep. */
export function anyJson(chance: Chance, depth = 3): unknown {
  const kind = chance.between(0, depth > 0 ? 9 : 6);
  if (kind === 0) return null;
  if (kind === 1) return chance.oneIn(2);
  if (kind === 2) return chance.pick([0, -1, 1.5, 1e308, 2 ** 53, -0]);
  if (kind <= 4) return oddText(chance);
  if (kind <= 6) return `${TOKEN}${oddText(chance)}`;
  if (kind === 7) return someOf(chance, () => anyJson(chance, depth - 1), 4);
  return Object.fromEntries(
    someOf(chance, () => [anyName(chance), anyJson(chance, depth - 1)] as const, 4),
  );
}

function identity(chance: Chance): Pair {
  const kind = chance.between(0, 9);
  if (kind <= 3) return ['email', make(chance, EMAILS)];
  if (kind <= 5) return ['phoneNumber', make(chance, PHONES)];
  if (kind === 6) return ['contactId', make(chance, IDS)];
  if (kind === 7) return ['accountId', make(chance, IDS)];
  return ['customer', make(chance, SHORTHANDS)];
}

function anyPair(chance: Chance): Pair {
  return [anyName(chance), chance.oneIn(2) ? anyJson(chance) : oddText(chance)];
}

/** Never letters alone when it is not known, since such a name is told. */
function anyName(chance: Chance): string {
  const kind = chance.between(0, 5);
  if (kind <= 1) return chance.pick(NAMES);
  if (kind <= 3) return chance.pick(MORE_NAMES);
  return kind === 4
    ? oddText(chance)
    : chance.pick([MARKED.email, TOKEN, '__proto__', 'constructor']);
}

function tenantName(chance: Chance): string {
  return chance.oneIn(15)
    ? chance.pick(['nobody', TOKEN, '__proto__', 'ACME', ''])
    : chance.pick(TENANT_NAMES);
}

/** Those in front are good ones, and come up more often. */
function make(chance: Chance, makers: Makers): string {
  const last = makers.length - 1;
  const at = chance.oneIn(3) ? chance.between(0, last) : chance.between(0, last >> 1);
  return (makers[at] ?? makers[0])(chance);
}

function someOf<T>(chance: Chance, item: () => T, most: number): readonly T[] {
  return Array.from({ length: chance.between(0, most) }, item);
}

function emailOf(who: object): string {
  return 'email' in who && typeof who.email === 'string' ? who.email : CUSTOMERS.ada.email;
}

function phoneOf(who: object): string {
  return 'phoneNumber' in who && typeof who.phoneNumber === 'string'
    ? who.phoneNumber
    : CUSTOMERS.ada.phoneNumber;
}
