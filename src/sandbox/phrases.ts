// The words of the made-up interactions, in several scripts.

/** Topics, each with its category. */
export const TOPICS = [
  { topic: 'billing', category: 'Finance' },
  { topic: 'refund', category: 'Finance' },
  { topic: 'délai de livraison', category: 'Logistics' },
  { topic: 'password reset', category: 'Account' },
  { topic: '解約', category: 'Account' },
  { topic: 'outage', category: 'Technical' },
] as const;

export const QUEUES = [
  'Support Queue',
  'Sales',
  'Rückfragen München',
  'Atención al cliente',
  'サポート',
] as const;

export const WRAP_UP_CODES = ['resolved', 'callback-requested', 'no-answer', 'rückruf'] as const;

export const OUTCOMES = ['Resolved', 'Escalated', 'Follow-up needed', 'Erledigt'] as const;

export const LABELS = ['vip', 'escalated', 'renewal', 'réclamation'] as const;

export const EMAIL_SUBJECTS = [
  'Question about my invoice',
  'Où est ma commande ?',
  'Re: "urgent", order 4711; please read',
] as const;

/** How a summary ends. */
export const CLOSINGS = [
  'The agent explained the next steps and the customer agreed.',
  'The agent promised to call back within two days.',
  'The matter was settled during the conversation – no follow-up.',
] as const;
