// The customers of the standard population: whom to ask for, and what is special about them.
// Addresses and numbers are from the ranges reserved for examples and fiction.
import type { StandardTenantName } from './tenants.ts';

/** A made-up customer. Every tenant knows all of them, each with interactions of its own. */
export interface Persona {
  readonly name: string;
  readonly email?: string;
  /** The same address as `email`, in another spelling that the vendor knows too. */
  readonly otherEmail?: string;
  readonly phoneNumber?: string;
  readonly contactId?: string;
  readonly accountId?: string;
  /** Interactions of the last 330 days. */
  readonly recent: number;
  /** Interactions that are 400 to 1,000 days old: outside of the default time range. */
  readonly older?: number;
  /** How many of the recent interactions began in the same millisecond. */
  readonly sameInstant?: number;
  /** Whether the newest interaction goes on: it has no `endedAt`. */
  readonly ongoing?: true;
  /** Whether every interaction is a voicemail, spelled as sibling APIs of the vendor spell it. */
  readonly voiceMail?: true;
  /** Whether speech analytics found no topic in any interaction. */
  readonly withoutTopics?: true;
  /** The only tenant that knows this customer. */
  readonly onlyIn?: StandardTenantName;
}

/** The customers. Those with all four identities are found by all four strategies. */
export const CUSTOMERS = {
  /** 340 interactions in the last year: far past the cap of 50. */
  busy: {
    name: 'Beatrice Busby',
    email: 'beatrice.busby@example.com',
    phoneNumber: '+14155550140',
    contactId: 'contact-busby',
    accountId: 'account-busby-freight',
    recent: 340,
  },
  /** Exactly 50: an answer that is full and yet whole. */
  fifty: {
    name: 'Finn Fiftyman',
    email: 'finn.fiftyman@example.com',
    phoneNumber: '+442079460950',
    contactId: 'contact-fiftyman',
    accountId: 'account-fiftyman',
    recent: 50,
  },
  /** A few, the newest still going on. Shares an account with `grace`. */
  ada: {
    name: 'Ada Ansari',
    email: 'Ada.Ansari@example.org',
    phoneNumber: '+14155550101',
    contactId: 'contact-Ansari',
    accountId: 'account-analytical',
    recent: 12,
    ongoing: true,
  },
  /** Shares an account with `ada`: the account holds the interactions of both. */
  grace: {
    name: 'Grace Grünwald',
    email: 'grace+orders@example.org',
    phoneNumber: '+442079460101',
    contactId: 'contact-gruenwald',
    accountId: 'account-analytical',
    recent: 7,
  },
  /** Non-ASCII in the local part and in the domain. */
  zoe: {
    name: 'Zoë Kröger-Łukasik',
    email: 'zoë@xn--bcher-kva.example.org',
    otherEmail: 'zoë@bücher.example.org',
    phoneNumber: '+61491570156',
    contactId: 'contact-zoë',
    accountId: 'account-bücher',
    recent: 9,
  },
  /** Known to the vendor, without a single interaction. */
  none: {
    name: 'Nora Noone',
    email: 'nora.noone@example.com',
    phoneNumber: '+14155550100',
    contactId: 'contact-noone',
    accountId: 'account-noone',
    recent: 0,
  },
  /** 5 in the last year and 20 before it. */
  veteran: {
    name: 'Víctor Veterano',
    email: 'victor@example.com',
    phoneNumber: '+14165550117',
    recent: 5,
    older: 20,
  },
  /** 70, of which 55 began in the same millisecond: more than one answer can hold. */
  flood: {
    name: 'Flora Flood',
    email: 'flora.flood@example.com',
    phoneNumber: '+61491570006',
    recent: 70,
    sameInstant: 55,
  },
  /** Voicemails only, written `VoiceMail`; no topics, so one half of the insights is missing. */
  voiceMail: {
    name: '山田 花子',
    phoneNumber: '+14155550155',
    recent: 4,
    voiceMail: true,
    withoutTopics: true,
  },
  /** Known to the tenant `acme` alone. */
  local: {
    name: 'Lena Localová',
    email: 'lena@example.com',
    phoneNumber: '+14155550188',
    contactId: 'contact-lena',
    recent: 3,
    onlyIn: 'acme',
  },
} as const satisfies Record<string, Persona>;
