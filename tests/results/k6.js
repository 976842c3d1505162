import http from "k6/http";

const MODELS = [["xgboost-0.tar.gz", 3], ["xgboost-1.tar.gz", 1]];
const PARTS = MODELS.flatMap(([name]) => [`http_req_duration{model:${name}}`, `http_reqs{model:${name}}`, `http_req_failed{model:${name}}`]);

export const options = {
  summaryTrendStats: ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "p(99.9)", "count"],
  scenarios: { open: { executor: "constant-arrival-rate", rate: 100, timeUnit: "1s", duration: "4s", preAllocatedVUs: 20 } },
  thresholds: Object.fromEntries([...PARTS.map((part) => [part, part.startsWith("http_reqs") ? ["count>=0"] : part.startsWith("http_req_failed") ? ["rate<1"] : ["p(95)<200"]]), ["http_req_duration", ["p(99)<0.001"]]]),
};

export default function () {
  const model = Math.random() < 0.75 ? MODELS[0][0] : MODELS[1][0];
  const params = { headers: { "Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Model": model }, tags: { model } };
  const path = Math.random() < 0.02 ? "/nowhere" : "/endpoints/xgboost-mme/invocations";
  http.post(`${__ENV.TARGET}${path}`, "0.345,0.224414", params);
}

export function handleSummary(data) {
  return { [`${__ENV.OUT}-handle-summary.json`]: JSON.stringify(data, null, 1) };
}
