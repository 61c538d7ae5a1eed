// The vendor's answers after checking: only what we rely on, each field of its right type or null.

/** One interaction. Instants are Unix milliseconds that a Date can show. */
export interface VendorInteraction {
  readonly interactionId: string;
  readonly contactId: string | null;
  readonly mediaIdentifier: string | null;
  readonly mediaType: string | null;
  readonly chatType: string | null;
  readonly direction: string | null;
  readonly productType: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly sentiment: string | null;
  readonly topics: readonly { readonly topic: string; readonly matches: number | null }[];
  readonly wrapUpCodes: readonly string[];
  readonly queueName: string | null;
  readonly departmentName: string | null;
  readonly outcomeLabel: string | null;
  readonly interactionLabels: readonly string[];
  readonly title: string | null;
  readonly emailSubject: string | null;
  readonly signals: readonly string[];
}

/** The aggregates; a half that is absent is null. */
export interface VendorInsights {
  readonly sentiments: {
    readonly totalInteractions: number | null;
    readonly customer: string | null;
    readonly agent: string | null;
    readonly overall: string | null;
  } | null;
  readonly topics: {
    readonly totalInteractions: number | null;
    readonly frequency: readonly {
      readonly topicName: string;
      readonly categoryName: string | null;
      readonly interactionsMatchedCount: number | null;
      readonly percentageMatched: number | null;
    }[];
  } | null;
}

/** The answer of `interactions-insight`. */
export interface VendorCustomer {
  readonly interactions: readonly VendorInteraction[];
  readonly insights: VendorInsights | null;
  /** How many rows came, before any was dropped. */
  readonly rows: number;
  /** Rows that were no objects or had no id. */
  readonly droppedRows: number;
}

/** One summary. `createdAt` is Unix milliseconds. */
export interface VendorSummary {
  readonly interactionId: string;
  readonly text: string | null;
  readonly status: string | null;
  readonly type: string | null;
  readonly durationSeconds: number | null;
  readonly createdAt: number | null;
}

/** The answer of `transcript-summaries`. */
export interface VendorSummaries {
  readonly summaries: readonly VendorSummary[];
  readonly failures: readonly { readonly interactionId: string; readonly reason: string | null }[];
}
