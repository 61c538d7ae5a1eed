// Checked vendor answers for tests of what is made of them.
import type { VendorCustomer, VendorInteraction } from '../../src/domain/vendor-answer.ts';

/** An interaction of which only the id is known, with what is given. */
export function vendorInteraction(
  interactionId: string,
  fields: Partial<VendorInteraction> = {},
): VendorInteraction {
  return {
    interactionId,
    contactId: null,
    mediaIdentifier: null,
    mediaType: null,
    chatType: null,
    direction: null,
    productType: null,
    startedAt: null,
    endedAt: null,
    sentiment: null,
    topics: [],
    wrapUpCodes: [],
    queueName: null,
    departmentName: null,
    outcomeLabel: null,
    interactionLabels: [],
    title: null,
    emailSubject: null,
    signals: [],
    ...fields,
  };
}

/** An answer that holds these interactions. */
export function vendorCustomer(
  interactions: readonly VendorInteraction[],
  rest: Partial<VendorCustomer> = {},
): VendorCustomer {
  return { interactions, insights: null, rows: interactions.length, droppedRows: 0, ...rest };
}
