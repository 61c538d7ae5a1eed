// The four regions in which the vendor keeps a tenant's data.

/** The vendor's region codes. */
export const REGIONS = ['us', 'uk', 'ca', 'ap'] as const;

/** One of the vendor's region codes: Phoenix, London, Toronto or Sydney. */
export type Region = (typeof REGIONS)[number];

/** The official base URL of each region, without a trailing slash (the vendor's OpenAPI file, `servers`). */
export const OFFICIAL_BASE_URLS: Readonly<Record<Region, string>> = {
  us: 'https://api.8x8.com/cidp-customer-360/us',
  uk: 'https://api.8x8.com/cidp-customer-360/uk',
  ca: 'https://api.8x8.com/cidp-customer-360/ca',
  ap: 'https://api.8x8.com/cidp-customer-360/ap',
};

/** Something for each region. */
export function byRegion<Value>(make: (region: Region) => Value): Readonly<Record<Region, Value>> {
  return { us: make('us'), uk: make('uk'), ca: make('ca'), ap: make('ap') };
}
