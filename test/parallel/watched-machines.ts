/** Machines whose crew gives its reports to a test, and whose workers dawdle by its seed. */
import type { Spreading } from '../../src/chain/executor/parallel.ts';
import { Machines } from '../../src/chain/machines.ts';
import type { Crew } from '../../src/evm/parallel/crew.ts';
import type { JobExecutor, JobReport, JobTransactions } from '../../src/evm/parallel/job.ts';

export class WatchedMachines extends Machines {
  /** Of JobTransactions. */
  seed = 0;
  /** In place of the process's. */
  crew: Crew | undefined;
  /** The job that the crew was given last. */
  job: JobTransactions | undefined;
  /** Of the jobs that the crew was given; undefined where it gave one up. */
  readonly reports: (Pick<JobReport, 'statistics'> | undefined)[] = [];

  override get spreading(): Spreading | undefined {
    const { seed, reports } = this;
    const give = (job: JobTransactions): void => {
      this.job = job;
    };
    const spreading = super.spreading;
    if (spreading === undefined) return undefined;
    const { crew } = this.crew === undefined ? spreading : { crew: this.crew };
    const watched: JobExecutor = {
      workers: crew.workers,
      get isFree() {
        return crew.isFree;
      },
      execute: async (machine, transactions) => {
        give(transactions);
        const report = await crew.execute(machine, transactions);
        reports.push(report && { statistics: report.statistics });
        return report;
      },
    };
    return { ...spreading, crew: watched, seed };
  }
}
