/** Writes a job's head for tests: what it is of, and where its tables and its region lie. */
import * as layout from '../../src/evm/parallel-layout.ts';

export interface JobPlaces {
  readonly count: number;
  readonly window: number;
  readonly tasks: number;
  readonly buckets: number;
  /** A power of two. */
  readonly bucketCount: number;
  readonly region: number;
  readonly regionEnd: number;
}

export function writeJob(view: DataView, job: number, places: JobPlaces): void {
  const put = (offset: number, value: number) => view.setUint32(job + offset, value, true);
  put(layout.J_COUNT, places.count);
  put(layout.J_READY, places.count);
  put(layout.J_WINDOW, places.window);
  put(layout.J_WINDOW_MAX, places.window);
  put(layout.J_TASKS, places.tasks);
  put(layout.J_BUCKETS, places.buckets);
  put(layout.J_BUCKET_MASK, places.bucketCount - 1);
  put(layout.J_FREE, places.region);
  put(layout.J_END, places.regionEnd);
}
