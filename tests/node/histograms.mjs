// Read an interval log, and print what hdr-histogram-js found in it as JSON: per tag the counts by value, the intervals,
// and the percentile distribution of everything, in milliseconds.
import { readFileSync } from "node:fs";
import * as hdr from "hdr-histogram-js";

const text = readFileSync(process.argv[2], "utf8");
const reader = new hdr.HistogramLogReader(text);
const tags = {};
for (let read = reader.nextIntervalHistogram(); read !== null; read = reader.nextIntervalHistogram()) {
  tags[read.tag] ??= { intervals: [], whole: hdr.build({ numberOfSignificantValueDigits: 3, bitBucketSize: 64 }) };
  tags[read.tag].intervals.push([read.startTimeStampMsec, read.endTimeStampMsec, read.totalCount, read.maxValue]);
  tags[read.tag].whole.add(read);
}
const shown = Object.entries(tags).map(([tag, { intervals, whole }]) => {
  const counts = [];
  for (const index of Array(whole.countsArrayLength).keys()) {
    const count = whole.getCountAtIndex(index);
    if (count > 0) counts.push([whole.valueFromIndex(index), count]);
  }
  return [tag, { intervals, counts, distribution: whole.outputPercentileDistribution(5, 1000) }];
});
process.stdout.write(JSON.stringify({ listed: hdr.listTags(text), tags: Object.fromEntries(shown) }));
