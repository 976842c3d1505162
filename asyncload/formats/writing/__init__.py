"""
A run of ours in the formats that other tools read: one file per format, a function from a recording to pieces of text.

    spreadsheet    CSV: a row per model, or per second
    hgrm           percentile distributions, as HdrHistogram prints them
    hlog           interval logs of HdrHistogram
    junit          objectives and the verdict as test cases
    openmetrics    counters and histograms as text, for Prometheus
    k6             the summary that k6 writes at the end of a test
    parquet        every call, for data frames

What others share stands in `csv_lines`, and `slugs`, which makes names fit where a format has room for few characters.
Formats of Locust are in `formats.locust`.
"""
