// Phone numbers: every spelling of one number is one E.164 number, always through the same parser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CountryCode, getCountries, getExampleNumber } from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import { looksLikePhone, normalizePhone } from '../../src/domain/phone.ts';

const read = (text: string, country?: string) => normalizePhone({ text, literal: text }, country);
const number = (text: string, country?: string) => {
  const reading = read(text, country);
  return 'number' in reading ? reading.number : reading.fault;
};

test('spellings of one number become one', () => {
  const spellings = [
    '+442079460958',
    '+44 20 7946 0958',
    '+44 (0)20 7946 0958',
    '+4402079460958',
    '0044 20 7946 0958',
    '(00) 44.20.7946.0958',
    'tel:+44-20-7946-0958',
    'TEL:+442079460958',
    '+44\u00a020\u20117946\u20130958',
    '\uff0b\uff14\uff14 20 7946 0958',
  ];
  for (const spelling of spellings) assert.equal(number(spelling, 'US'), '+442079460958', spelling);
});

test('national numbers need the country of the tenant', () => {
  assert.equal(number('(415) 555-0140', 'US'), '+14155550140');
  assert.equal(number('1-415-555-0140', 'US'), '+14155550140');
  assert.equal(number('020 7946 0958', 'GB'), '+442079460958');
  assert.equal(number('(415) 555-0140'), 'phone-country-needed');
});

test('00 is the international prefix whatever the country', () => {
  assert.equal(number('00442079460958', 'US'), '+442079460958');
  assert.equal(number('00442079460958'), '+442079460958');
});

test('a plus that arrived as a space is put back only where there was one', () => {
  assert.deepEqual(normalizePhone({ text: ' 442079460958', literal: '+442079460958' }, 'US'), {
    number: '+442079460958',
  });
  assert.deepEqual(
    normalizePhone({ text: 'tel: 442079460958', literal: 'tel:+442079460958' }, 'US'),
    {
      number: '+442079460958',
    },
  );
  assert.deepEqual(
    normalizePhone({ text: ' +44 20 7946 0958', literal: '++44+20+7946+0958' }, 'US'),
    {
      number: '+442079460958',
    },
  );
  assert.deepEqual(normalizePhone({ text: ' 4155550140', literal: ' 4155550140' }, 'US'), {
    number: '+14155550140',
  });
});

test('extensions, letters and impossible lengths are refused', () => {
  const refused = [
    '',
    '+',
    '()',
    '+1',
    '+12',
    '1-800-FLOWERS',
    '+1 415 555 0140 x5',
    '+14155550140;ext=5',
    'tel:4155550140;phone-context=+1',
    '+1 415 555 0140 ext. 5',
    '+1415+5550140',
    '+0 415 555 0140',
    '+999 123 456',
    '+1415555014012345678',
    '4155550140#',
    `+14155550140${' '.repeat(60)}`,
  ];
  for (const text of refused) assert.equal(number(text, 'US'), 'phone-invalid', text);
});

test('a number looks like one or not, whatever the country', () => {
  assert.ok(looksLikePhone(' (415) 555-0140'));
  assert.ok(!looksLikePhone('contact-12'));
  assert.ok(!looksLikePhone('()'));
});

test('a canonical number is its own canonical form, from every country and spelling', () => {
  const country = fc.constantFrom(...getCountries());
  const digits = fc.stringMatching(/^[0-9]{4,14}$/);
  fc.assert(
    fc.property(country, digits, fc.boolean(), (home, text, international) => {
      const reading = read(international ? `+${text}` : text, home);
      if (!('number' in reading)) return;
      assert.equal(number(reading.number), reading.number);
      assert.equal(number(reading.number, home), reading.number);
    }),
    { numRuns: 5_000 },
  );
});

test('national, international and decorated spellings agree for every country', () => {
  for (const country of getCountries()) {
    const example = getExampleNumber(country as CountryCode, examples);
    assert.ok(example, country);
    const canonical = number(example.number);
    assert.equal(canonical, example.number);
    assert.equal(number(example.formatNational(), country), canonical, country);
    assert.equal(number(example.formatInternational(), country), canonical, country);
    assert.equal(number(example.getURI()), canonical, country);
    assert.equal(number(example.number.replace('+', '00'), 'US'), canonical, country);
  }
});
