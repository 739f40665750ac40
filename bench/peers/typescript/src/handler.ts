/** What powertools' documentation suggests: its BatchProcessor, all records concurrently. */

import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { JSONStringified } from '@aws-lambda-powertools/parser/helpers';
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { z } from 'zod';

const PATHS = { fax: '/api/fax/logs', message: '/api/messaging/logs' };
const FAILED = new Set(['busy', 'failed', 'no-answer', 'canceled', 'undelivered']);
const FINISHED = new Set(['completed', 'delivered', 'received', 'read']);

const Message = JSONStringified(
  z.object({ log_type: z.enum(['fax', 'message']), log_id: z.uuid() }),
);

const text = z.string().nullish();
const Log = z.object({
  id: z.uuid(),
  from: text,
  to: text,
  status: z.string(),
  direction: text,
  source: z.string(),
  type: z.string(),
  url: text,
  charge: z.number(),
  charge_details: z.array(z.object({ description: z.string(), charge: z.number() })),
  created_at: z.iso.datetime({ offset: true }),
  error_code: text,
  error_message: text,
  remote_station: text,
  number_of_pages: z.number().int().nullish(),
  quality: text,
  kind: text,
  number_of_segments: z.number().int().nullish(),
});
type Log = z.infer<typeof Log>;

const variable = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set.`);
  return value;
};

const space = variable('SIGNALWIRE_SPACE');
const url = `${space.startsWith('127.0.0.1:') ? 'http' : 'https'}://${space}`;
const credentials = `${variable('SIGNALWIRE_PROJECT_ID')}:${variable('SIGNALWIRE_API_TOKEN')}`;
const headers = { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
const tableName = variable('TABLE_NAME');

const logger = new Logger({ serviceName: 'typescript' });
const metrics = new Metrics({ namespace: 'TypeScript', serviceName: 'typescript' });
const processor = new BatchProcessor(EventType.SQS);
const table = DynamoDBDocumentClient.from(new DynamoDBClient({}), {
  marshallOptions: { removeUndefinedValues: true },
});

const outcome = (log: Log): string => {
  if (FAILED.has(log.status) || log.error_code) return 'failed';
  return FINISHED.has(log.status) ? 'succeeded' : 'in_progress';
};

/** Fetch, validate and store the log that one message names. */
const recordHandler = async (record: SQSRecord): Promise<void> => {
  const { log_type, log_id } = Message.parse(record.body);
  const fetchedAt = new Date().toISOString();
  const response = await fetch(`${url}${PATHS[log_type]}/${log_id}`, {
    headers,
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`SignalWire answered ${response.status}.`);
  const log = Log.parse(await response.json());
  await store(log_type, log, fetchedAt);
  metrics.addMetric('LogsStored', MetricUnit.Count, 1);
  if (outcome(log) === 'failed') {
    metrics
      .singleMetric()
      .addDimensions({ log_type, error_code: log.error_code ?? 'none' })
      .addMetric('FailedLogs', MetricUnit.Count, 1);
  }
};

/** Write the row, unless the stored row was fetched later. */
const store = async (logType: string, log: Log, fetchedAt: string): Promise<void> => {
  const { id, ...rest } = log;
  const present = Object.entries(rest).filter(([, value]) => value !== null);
  try {
    await table.send(
      new PutCommand({
        TableName: tableName,
        Item: {
          ...Object.fromEntries(present),
          pk: `${logType}#${id}`,
          log_type: logType,
          outcome: outcome(log),
          fetched_at: fetchedAt,
        },
        ConditionExpression: 'attribute_not_exists(pk) OR fetched_at < :fetched_at',
        ExpressionAttributeValues: { ':fetched_at': fetchedAt },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    logger.debug('The stored row was fetched later.');
  }
};

/** Process one SQS batch. */
export const handler = async (event: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
  logger.addContext(context);
  try {
    return await processPartialResponse(event, recordHandler, processor, { context });
  } finally {
    // A hundred values have been published already.
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  }
};
