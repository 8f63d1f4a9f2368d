using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Diffract.Benchmarks;

/// <summary>Medians of a few samples in this process, with effective GFLOP/s and the share of the machine's peak, which
/// is measured in the same process. More than all of the peak means an algorithm with fewer multiplications.</summary>
internal sealed class KernelConfig : ManualConfig
{
    private readonly Lazy<double> peak = new(() => FmaPeak.Measure(Environment.ProcessorCount));

    public KernelConfig()
    {
        AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(2).WithIterationCount(7));
        AddLogger(ConsoleLogger.Default);
        AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params,
            DefaultColumnProviders.Metrics);
        AddColumn(StatisticColumn.Median, StatisticColumn.Min, BaselineRatioColumn.RatioMean,
            new WorkColumn("GFLOP/s", "0", rate => rate), new WorkColumn("of peak", "0%", rate => rate / peak.Value));
        AddExporter(MarkdownExporter.GitHub, JsonExporter.Full);
        WithSummaryStyle(SummaryStyle.Default.WithMaxParameterColumnWidth(60));
    }

    /// <summary>A number calculated from floating-point operations a nanosecond, which are GFLOP/s.</summary>
    private sealed class WorkColumn(string name, string format, Func<double, double> value) : IColumn
    {
        public string Id => $"Work.{name}";

        public string ColumnName => name;

        public bool AlwaysShow => true;

        public ColumnCategory Category => ColumnCategory.Custom;

        public int PriorityInCategory => 0;

        public bool IsNumeric => true;

        public UnitType UnitType => UnitType.Dimensionless;

        public string Legend => "from the operations by definition and the median time";

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
        {
            var work = benchmarkCase.Parameters.Items.Select(item => item.Value).OfType<IWork>().FirstOrDefault();
            var time = summary[benchmarkCase]?.ResultStatistics?.Median;
            return work is null || time is null ? "-" : value(work.Flops / time.Value).ToString(format);
        }

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
            GetValue(summary, benchmarkCase);

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

        public bool IsAvailable(Summary summary) => true;
    }
}
