// Makes the interactions of one customer: the same ones for the same tenant, customer and day.

import { type Chance, createChance, hexFrom } from './chance.ts';
import type { Persona } from './customers.ts';
import { EMAIL_SUBJECTS, LABELS, OUTCOMES, QUEUES, TOPICS, WRAP_UP_CODES } from './phrases.ts';
import type { VendorInteraction, VendorTopic } from './vendor-shapes.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LONGEST_SECONDS = 3_000;
const SENTIMENTS = ['POSITIVE', 'POSITIVE', 'NEUTRAL', 'NEUTRAL', 'NEGATIVE'] as const;

/** Whose interactions to make. `dayAt` is the midnight before which all of them have ended. */
export interface InteractionPlan {
  readonly tenantId: string;
  readonly speechAnalytics: boolean;
  readonly persona: Persona;
  readonly dayAt: number;
}

/** The customer's interactions, newest first. */
export function makeInteractions(plan: InteractionPlan): VendorInteraction[] {
  const seed = `${plan.tenantId}/${plan.persona.name}`;
  const chance = createChance(seed);
  return startInstants(plan, chance).map((startedAt, index) =>
    makeInteraction(plan, chance, {
      startedAt,
      index,
      id: `int-${hexFrom(`${seed}/${index}`, 16)}`,
    }),
  );
}

function startInstants({ persona, dayAt }: InteractionPlan, chance: Chance): number[] {
  const inDaysAgo = (count: number, low: number, high: number): number[] =>
    Array.from({ length: count }, () =>
      Math.round(dayAt - 2 * HOUR_MS - (low + chance.fraction() * (high - low)) * DAY_MS),
    );
  const recent = inDaysAgo(persona.recent, 0, 330).sort((a, b) => b - a);
  const older = inDaysAgo(persona.older ?? 0, 400, 1_000).sort((a, b) => b - a);
  return [...withTwins(recent, persona.sameInstant ?? 0), ...older];
}

/** The first `same` begin together; of the rest each tenth begins together with the one before. */
function withTwins(instants: readonly number[], same: number): number[] {
  return instants.map((instant, index) => {
    if (index < same) return instants[0] ?? instant;
    return index % 10 === 9 ? (instants[index - 1] ?? instant) : instant;
  });
}

interface Moment {
  readonly id: string;
  readonly index: number;
  readonly startedAt: number;
}

function makeInteraction(plan: InteractionPlan, chance: Chance, moment: Moment): VendorInteraction {
  const { persona } = plan;
  const mediaType = pickMediaType(persona, chance);
  const written = mediaType === 'EMAIL' || mediaType === 'CHAT';
  const productType = pickProductType(written, chance);
  return {
    interactionId: moment.id,
    mediaIdentifier: (written ? persona.email : persona.phoneNumber) ?? '',
    mediaType,
    direction: chance.oneIn(3) ? 'OUTBOUND' : 'INBOUND',
    productType,
    startedAt: moment.startedAt,
    wrapUpCodes: chance.oneIn(4) ? [] : [chance.pick(WRAP_UP_CODES)],
    queueName: productType === 'UC' ? null : chance.pick(QUEUES),
    interactionLabels: chance.oneIn(3) ? [chance.pick(LABELS)] : [],
    title: moment.index % 5 === 1 ? `${chance.pick(OUTCOMES)}: ${persona.name}` : null,
    emailSubject: mediaType === 'EMAIL' && chance.oneIn(2) ? chance.pick(EMAIL_SUBJECTS) : null,
    departmentName: null,
    signals: [],
    ...(mediaType === 'CHAT' && { chatType: chance.pick(['WebChat', 'WHATSAPP', 'SMS']) }),
    ...(!chance.oneIn(6) && { outcomeLabel: chance.pick(OUTCOMES) }),
    ...whoAndUntilWhen(plan, chance, moment),
    ...analysis(plan, chance),
  };
}

function whoAndUntilWhen(
  { persona }: InteractionPlan,
  chance: Chance,
  { index, startedAt }: Moment,
): Pick<VendorInteraction, 'contactId' | 'endedAt'> {
  const durationMs = chance.between(20, LONGEST_SECONDS) * 1_000 + chance.between(0, 999);
  const goesOn = persona.ongoing && index === 0;
  return {
    ...(persona.contactId !== undefined && index % 4 !== 3 && { contactId: persona.contactId }),
    ...(!goesOn && { endedAt: startedAt + durationMs }),
  };
}

/** What speech analytics found: nothing without the licence, and now and then nothing with it. */
function analysis(
  { persona, speechAnalytics }: InteractionPlan,
  chance: Chance,
): Pick<VendorInteraction, 'sentiment' | 'topics'> {
  if (!speechAnalytics || chance.oneIn(12)) return {};
  const sentiment = chance.pick(SENTIMENTS);
  return persona.withoutTopics ? { sentiment } : { sentiment, topics: makeTopics(chance) };
}

function pickMediaType(persona: Persona, chance: Chance): VendorInteraction['mediaType'] {
  if (persona.voiceMail) return 'VoiceMail';
  return chance.pick(['PHONE', 'PHONE', 'PHONE', 'EMAIL', 'EMAIL', 'CHAT', 'VOICEMAIL']);
}

function pickProductType(written: boolean, chance: Chance): VendorInteraction['productType'] {
  if (!written && chance.oneIn(3)) return 'UC';
  return chance.oneIn(8) ? 'ENGAGE' : 'CC';
}

function makeTopics(chance: Chance): VendorTopic[] {
  const first = chance.between(0, TOPICS.length - 1);
  return TOPICS.slice(first, first + chance.between(1, 3)).map(({ topic }) => ({
    topic,
    matches: chance.oneIn(4) ? null : chance.between(1, 9),
  }));
}
