/** What a collector's configuration says about where items can wait in it. Read by target/collector-config.ts. */
export interface PipelineFacts {
  /** Export requests that the sending queue holds; 0 without a queue. */
  queueSizeBatches: number;
  /** Whether the queue is on disk. */
  queuePersistent: boolean;
  /** 0 without a batch processor. */
  batchTimeoutMs: number;
  batchSize: number;
  retryEnabled: boolean;
  /** 0 is the collector's word for no end. */
  retryMaxElapsedMs: number;
  exporterTimeoutMs: number;
  /** Components that sample, filter or merge on purpose. */
  lossyComponents: string[];
  /** Name of the member it exports to; undefined: the sink. */
  sendsTo?: string;
}

/** The most that a fault can cost: acknowledged items that do not reach the sink. */
export interface LossPrediction {
  fault: string;
  items: number;
  why: string;
}
