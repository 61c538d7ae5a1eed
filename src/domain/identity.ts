// An identity: which customer is asked for, by one of the vendor's four strategies.
import { normalizeEmail } from './email.ts';
import { type Faults, type Parameters, type RawText, readText } from './parameters.ts';
import { looksLikePhone, normalizePhone } from './phone.ts';
import type { Tenant } from './tenant.ts';

/** How a customer is looked up. */
export type Strategy = 'email' | 'phone' | 'contact' | 'account';

/** A customer, canonical: two spellings of one customer are equal in every field. */
export interface Identity {
  readonly by: Strategy;
  readonly value: string;
  /** Always `native` for a contact, never with email or phone, as given for an account (CONTRACT: strategies). */
  readonly crmId: 'native' | null;
}

/** The parameters that name a customer. */
export const IDENTITY_PARAMETERS = [
  'email',
  'phoneNumber',
  'contactId',
  'accountId',
  'customer',
] as const;

const MAX_ID_CHARACTERS = 256;

const STRATEGY_OF_PARAMETER = {
  email: 'email',
  phoneNumber: 'phone',
  contactId: 'contact',
  accountId: 'account',
} as const satisfies Record<string, Strategy>;

/** Reads the one identity of a request; undefined if there is a fault, which is then noted. */
export function readIdentity(
  parameters: Parameters,
  tenant: Tenant,
  faults: Faults,
): Identity | undefined {
  const given = IDENTITY_PARAMETERS.filter((name) => parameters.values.has(name));
  const found = given.map((name) => readNamed(parameters, name, { tenant, faults }));
  const [first] = found;
  if (given.length === 0) {
    faults.add(
      'customer',
      'identity-missing',
      'Name the customer by one of email, phoneNumber, contactId, accountId or customer.',
    );
  }
  if (given.length > 1) {
    const names = given.join(', ');
    faults.add(given[1] ?? 'customer', 'identity-conflict', `Keep exactly one of: ${names}.`);
  }
  return readCrmId(parameters, { found: first, known: given.length === 1, faults });
}

/** The canonical form of an id, or undefined if it is none. */
export function normalizeId(text: string): string | undefined {
  const id = text.trim();
  const characters = [...id].length;
  return characters >= 1 && characters <= MAX_ID_CHARACTERS ? id : undefined;
}

interface Reading {
  readonly tenant: Tenant;
  readonly faults: Faults;
}

interface Found {
  readonly by: Strategy;
  readonly value: string | undefined;
}

function readNamed(
  parameters: Parameters,
  parameter: (typeof IDENTITY_PARAMETERS)[number],
  { tenant, faults }: Reading,
): Found | undefined {
  if (parameter === 'customer') {
    const raw = readText(parameters, parameter, { code: 'customer-ambiguous', faults });
    return raw && readShorthand(raw, { tenant, faults });
  }
  const by = STRATEGY_OF_PARAMETER[parameter];
  const raw = readText(parameters, parameter, { code: invalidCode(by), faults });
  return { by, value: raw && readValue(raw, { by, parameter, tenant, faults }) };
}

/** `email:…`, `phone:…`, `contact:…`, `account:…`; else by its look. */
function readShorthand(raw: RawText, { tenant, faults }: Reading): Found | undefined {
  const prefix = /^\s*(email|phone|contact|account):/i.exec(raw.text);
  const by = (prefix?.[1]?.toLowerCase() as Strategy | undefined) ?? strategyByLook(raw.text);
  if (by === undefined) {
    return faults.add(
      'customer',
      'customer-ambiguous',
      'Say what it is: email:…, phone:…, contact:… or account:….',
    );
  }
  const length = prefix?.[0].length ?? 0;
  const rest = { text: raw.text.slice(length), literal: raw.literal.slice(length) };
  return { by, value: readValue(rest, { by, parameter: 'customer', tenant, faults }) };
}

function strategyByLook(text: string): Strategy | undefined {
  if (text.includes('@')) return 'email';
  return /^\s*tel:/i.test(text) || looksLikePhone(text) ? 'phone' : undefined;
}

function readValue(
  raw: RawText,
  { by, parameter, tenant, faults }: Reading & { by: Strategy; parameter: string },
): string | undefined {
  if (by === 'phone') {
    const reading = normalizePhone(raw, tenant.defaultCountry);
    if ('number' in reading) return reading.number;
    return faults.add(parameter, reading.fault, PHONE_DETAILS[reading.fault]);
  }
  if (by === 'email') {
    return (
      normalizeEmail(raw.text, tenant.emailCaseSensitive) ??
      faults.add(parameter, 'email-invalid', EMAIL_DETAIL)
    );
  }
  return normalizeId(raw.text) ?? faults.add(parameter, 'id-invalid', ID_DETAIL);
}

const PHONE_DETAILS = {
  'phone-invalid':
    'Give digits with an optional leading +, of a possible length for the country, without extension or letters.',
  'phone-country-needed':
    'Start with + and the country code: this tenant has no default country for national numbers.',
} as const;
const EMAIL_DETAIL =
  'Give one address as local@domain.tld without white space or quotes; in a URL write + as %2B.';
const ID_DETAIL = 'An id has 1 to 256 characters.';

function invalidCode(by: Strategy): 'email-invalid' | 'phone-invalid' | 'id-invalid' {
  if (by === 'email') return 'email-invalid';
  return by === 'phone' ? 'phone-invalid' : 'id-invalid';
}

function readCrmId(
  parameters: Parameters,
  { found, known, faults }: { found: Found | undefined; known: boolean; faults: Faults },
): Identity | undefined {
  const raw = readText(parameters, 'crmId', { code: 'crm-unsupported', faults });
  const isForbidden = known && (found?.by === 'email' || found?.by === 'phone');
  if (raw && isForbidden) {
    faults.add(
      'crmId',
      'crm-forbidden',
      'Leave crmId out when searching by email or phone number.',
    );
  } else if (raw && raw.text.trim().toLowerCase() !== 'native') {
    faults.add('crmId', 'crm-unsupported', 'The only CRM that 8x8 supports is: native.');
  }
  if (found?.value === undefined) return undefined;
  const crmId = found.by === 'contact' || raw ? 'native' : null;
  return { by: found.by, value: found.value, crmId };
}
