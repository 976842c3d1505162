// Have k6-html-reporter make its page of a summary: the summary, and the folder that the page goes into.
import reporter from "k6-html-reporter";

reporter.generateSummaryReport({ jsonFile: process.argv[2], output: process.argv[3] });
