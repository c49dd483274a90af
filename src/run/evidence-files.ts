import { columnsOnDemand } from '../observe/columns.ts';
import { arrivalFields, type RunRecord, requestFieldsOf } from '../observe/evidence.ts';
import type { Columns } from '../observe/ledger-types.ts';
import { mergedFiles, type Records, recordFile } from '../observe/records.ts';
import { listArrivalFiles, listRequestFiles } from '../record.ts';
import { type Deliveries, joinDeliveries } from '../verdict/deliveries.ts';
import { type RequestTable, requestTable } from '../verdict/request-table.ts';

/** Evidence of a run's folder: record by record, and by columns that are in memory only while they are held. */
export interface EvidenceFile {
  records: Records;
  columns: Columns;
}

const noRecords: Records = { count: 0, width: 0, each: () => undefined };

/** A file per worker. */
export async function readRequests(dir: string, record: Pick<RunRecord, 'peers'>): Promise<EvidenceFile[]> {
  const fields = requestFieldsOf(record);
  return (await listRequestFiles(dir)).map((file) => openRecords(recordFile(file, fields), fields));
}

/** Of all threads of the sink, in the order of arrival; empty where the run had no sink of its own. */
export async function readArrivals(dir: string, { sink }: Pick<RunRecord, 'sink'>): Promise<EvidenceFile> {
  const records =
    sink === 'none' ? noRecords : mergedFiles(await listArrivalFiles(dir), arrivalFields, 'arrivalNs');
  return openRecords(records, arrivalFields);
}

/** What became of each request, and what of it arrived. */
export async function readDeliveries(
  dir: string,
  record: RunRecord,
): Promise<{ table: RequestTable; deliveries: Deliveries }> {
  const requests = await readRequests(dir, record);
  const arrivals = await readArrivals(dir, record);
  const table = requestTable(
    record.plan,
    requests.map(({ columns }) => columns),
  );
  return { table, deliveries: joinDeliveries(table, arrivals.columns) };
}

function openRecords(records: Records, fields: readonly string[]): EvidenceFile {
  return { records, columns: columnsOnDemand(records, fields) };
}
