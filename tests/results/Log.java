import java.io.PrintStream;
import java.util.Random;
import org.HdrHistogram.DoubleHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

/** Writes tagged.hlog, us.hlog, double.hlog, java.hgrm and java-hgrm.csv into the current directory. */
public class Log {
    public static void main(String[] arguments) throws Exception {
        HistogramLogWriter log = new HistogramLogWriter("tagged.hlog");
        log.outputComment("[Logged with HdrHistogram 2.1.11]");
        log.outputLogFormatVersion();
        log.outputStartTime(1795460000000L);
        log.setBaseTime(1795460000000L);
        log.outputBaseTime(1795460000000L);
        log.outputLegend();
        Random random = new Random(7);
        Histogram all = new Histogram(3);
        for (int second = 0; second < 5; second++) {
            for (int model = 0; model < 2; model++) {
                Histogram one = new Histogram(3);
                for (int call = 0; call < (model == 0 ? 150 : 50); call++) {
                    long ns = (long) (Math.exp(random.nextGaussian() * 0.3 + 2 + model) * 1e6);
                    one.recordValue(ns);
                    all.recordValue(ns);
                }
                one.setTag("xgboost-" + model);
                one.setStartTimeStamp(1795460000000L + second * 1000);
                one.setEndTimeStamp(1795460000000L + second * 1000 + 1000);
                log.outputIntervalHistogram(one);
            }
        }
        log.close();
        all.outputPercentileDistribution(new PrintStream("java.hgrm"), 5, 1e6, false);
        all.outputPercentileDistribution(new PrintStream("java-hgrm.csv"), 5, 1e6, true);

        log = new HistogramLogWriter("us.hlog");
        log.outputLogFormatVersion();
        log.outputLegend();
        Histogram us = new Histogram(1, 3600000000L, 2);
        for (int i = 1; i <= 1000; i++) {
            us.recordValue(i * 10);
        }
        log.outputIntervalHistogram(0.0, 2.5, us, 1000.0);
        log.close();

        log = new HistogramLogWriter("double.hlog");
        log.outputLogFormatVersion();
        DoubleHistogram numbers = new DoubleHistogram(3);
        for (int i = 1; i <= 1000; i++) {
            numbers.recordValue(i * 0.01);
        }
        log.outputIntervalHistogram(0.0, 1.0, numbers, 1.0);
        log.close();
    }
}
