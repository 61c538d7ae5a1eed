// Phone numbers: every spelling of one number becomes E.164.
import parsePhoneNumber, { type CountryCode } from 'libphonenumber-js/max';
import type { RawText } from './parameters.ts';

const MAX_INPUT_CHARACTERS = 64;

/** A canonical number, or why there is none. */
export type PhoneReading =
  | { readonly number: string }
  | { readonly fault: 'phone-invalid' | 'phone-country-needed' };

const INVALID: PhoneReading = { fault: 'phone-invalid' };

/**
 * Reads a phone number in international form, or in the national form of `defaultCountry` (ISO 3166 alpha-2).
 * A number is judged by its possible length, not by ranges known to be in use, which change.
 */
export function normalizePhone(raw: RawText, defaultCountry: string | undefined): PhoneReading {
  if (raw.text.length > MAX_INPUT_CHARACTERS) return INVALID;
  const digits = significantDigits(restorePlus(raw));
  if (digits === undefined) return INVALID;
  if (!digits.startsWith('+') && defaultCountry === undefined) {
    return { fault: 'phone-country-needed' };
  }
  const number = parse(digits, defaultCountry);
  // A few impossible numbers lose a trunk prefix each time they are read; they have no canonical form.
  return number !== undefined && parse(number) === number ? { number } : INVALID;
}

/** True for digits with the punctuation that people write in phone numbers, a `tel:` before them or not. */
export function looksLikePhone(text: string): boolean {
  return significantDigits(text) !== undefined;
}

function parse(digits: string, defaultCountry?: string): string | undefined {
  const parsed = parsePhoneNumber(digits, {
    ...(defaultCountry !== undefined && { defaultCountry: defaultCountry as CountryCode }),
    extract: false,
  });
  return parsed?.isPossible() ? parsed.number : undefined;
}

/** In a query string a `+` means a space; a leading one that was meant as a plus is put back. */
function restorePlus({ text, literal }: RawText): string {
  const number = withoutScheme(text).trimStart();
  const wasPlus = !number.startsWith('+') && withoutScheme(literal).trimStart().startsWith('+');
  return wasPlus ? `+${number}` : number;
}

function withoutScheme(text: string): string {
  return text.trimStart().replace(/^tel:/i, '');
}

/** The digits with a leading `+` if international; undefined if there is anything but usual punctuation. */
function significantDigits(text: string): string | undefined {
  const plain = withoutScheme(text)
    .normalize('NFKC')
    .replace(/\p{Dash}/gu, '-');
  // Two tests that read each character once, since `customer` has no limit of its own.
  if (!/^\+?[\d\s()./-]+$/.test(plain.trim()) || !/\d/.test(plain)) return undefined;
  // The parser takes "00" for an international prefix in some countries only.
  return plain.replace(/[^\d+]/g, '').replace(/^00/, '+');
}
