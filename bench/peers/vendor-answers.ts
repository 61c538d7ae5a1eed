// Answers of the vendor of a chosen size, made of the simulated vendor's interactions.
import { insightsOf } from '../../src/sandbox/insights.ts';
import { makeInteractions } from '../../src/sandbox/interactions.ts';

const MAX_ROWS = 50;
const FILLER = 'about the same matter ';
const DAY_AT = Date.UTC(2026, 5, 1);
const PERSONA = {
  name: 'Bench Customer',
  email: 'customer@example.com',
  phoneNumber: '+14155550140',
  contactId: 'contact-bench',
  recent: MAX_ROWS,
};

/** A body of about so many bytes: as many rows as fit, 1 to 50, then longer titles. One row has 1 kB. */
export function vendorAnswer(bytes: number): Buffer {
  const rows = templateRows();
  while (rows.length > 1 && bodyOf(rows).length > bytes) rows.pop();
  const missing = Math.max(0, bytes - bodyOf(rows).length);
  const share = FILLER.repeat(Math.ceil(missing / FILLER.length)).slice(0, missing / rows.length);
  return bodyOf(rows.map((row) => ({ ...row, title: `${row.title ?? ''}${share}` })));
}

/** Rows as the vendor sends them, 50. */
export function templateRows() {
  return makeInteractions({
    tenantId: 'acvcc1652172111112801',
    speechAnalytics: true,
    persona: PERSONA,
    dayAt: DAY_AT,
  });
}

type Rows = ReturnType<typeof makeInteractions>;

function bodyOf(interactions: Rows): Buffer {
  return Buffer.from(JSON.stringify({ interactions, insights: insightsOf(interactions) }));
}
