// What the codes of single faults mean, for those who read about `invalid-request`.
import type { FaultCode } from '../../domain/problem.ts';

/** The meaning of each `errors[].code`. */
export const FAULT_MEANINGS: Readonly<Record<FaultCode, string>> = {
  'identity-missing':
    'No customer is named: give one of `email`, `phoneNumber`, `contactId`, `accountId` or `customer`.',
  'identity-conflict': 'More than one of the parameters that name a customer is given.',
  'crm-forbidden': '`crmId` is given together with an email address or a phone number.',
  'crm-unsupported': '`crmId` is something other than `native`.',
  'email-invalid': 'The value is no email address.',
  'phone-invalid': 'The value is no phone number of a possible length, or has an extension.',
  'phone-country-needed':
    'The number is in a national format, and the tenant has no default country.',
  'id-invalid': 'An id is empty, longer than 256 characters, or not plain text.',
  'customer-ambiguous': 'What `customer` holds could be several things: put a prefix before it.',
  'time-invalid': 'The value is no ISO-8601 instant with seconds.',
  'time-zone-missing': 'The instant names no time zone.',
  'time-range-inverted': 'The range ends before it begins, or is empty.',
  'time-range-in-future': 'The range begins in the future.',
  'time-range-conflict': '`last` is given together with `startTime` or `endTime`.',
  'duration-invalid':
    'The value is no ISO-8601 duration of whole numbers, more than zero and at most `P10Y`.',
  'tenant-required': 'This app may use several tenants, and none is named.',
  'parameter-unknown': 'There is no such parameter here.',
  'parameter-repeated': 'A parameter that is no list is given more than once.',
  'parameter-type': 'The value has the wrong JSON type; `null` is no value.',
  'parameter-conflict': 'Parameters are given that exclude each other, or in URL and body at once.',
  'include-unknown': '`include` names something that cannot be included.',
  'field-unknown': '`fields` names something that is no field of an interaction.',
  'history-invalid': '`history` is something other than `complete`.',
  'limit-invalid': '`limit` is no whole number from 1 to 500.',
  'cursor-invalid':
    'The cursor was not given by this service, belongs to another question, or is older than an hour.',
  'ids-count': 'There are too few or too many interaction ids, or customers.',
  'body-invalid':
    'The body is not JSON in UTF-8, is no object, or has a key that is repeated or forbidden.',
  'cost-above-quota': 'The request costs more than the whole quota of this app: ask for less.',
};

/** Every `errors[].code`. */
export const FAULT_CODES = Object.keys(FAULT_MEANINGS) as readonly FaultCode[];
