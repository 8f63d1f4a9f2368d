using System.Diagnostics;
using Diffract.Engine;

namespace Diffract.Tasks;

/// <summary>Runs the cases of a golden folder: values that another implementation calculated, against the ones
/// calculated here. See the folder's README for the format and the tolerances.</summary>
public static class Verification
{
    /// <summary>Runs every case that a filter matches, in the manifest's order.</summary>
    /// <param name="options">Folder, device, type, filters.</param>
    /// <param name="onReport">Told of each case as it ends, skipped ones included.</param>
    /// <param name="cancellation">Looked at between cases.</param>
    /// <exception cref="VerifyException">The folder is not a golden folder, or a filter cannot be understood.
    /// </exception>
    public static IReadOnlyList<CaseReport> Run(
        VerifyOptions options, Action<CaseReport>? onReport = null, CancellationToken cancellation = default)
    {
        var folder = new GoldenFolder(options.Folder);
        var filters = options.Filters.Select(pattern => new Glob(pattern)).ToArray();
        var reports = new List<CaseReport>();
        foreach (var fixture in folder.Fixtures)
        {
            cancellation.ThrowIfCancellationRequested();
            var wanted = filters.Length == 0 || filters.Any(filter => filter.Matches(fixture.Name));
            var report = wanted
                ? RunCase(folder, fixture, options)
                : new CaseReport(fixture.Name, fixture.Kind, CaseOutcome.Skipped, 0, [], []);
            reports.Add(report);
            onReport?.Invoke(report);
        }
        return reports;
    }

    private static CaseReport RunCase(GoldenFolder folder, Fixture fixture, VerifyOptions options)
    {
        var start = Stopwatch.GetTimestamp();
        var problems = new List<string>();
        VerifyCase? running = null;
        using var scope = Scope.Open();
        try
        {
            if (!Kinds.All.TryGetValue(fixture.Kind, out var runner))
                throw new VerifyException(fixture.Fault ?? $"unknown kind {fixture.Kind}");
            var data = FixtureData.Read(folder, fixture);
            running = new VerifyCase(fixture, data, folder, options.Device, options.DType ?? TypeOf(data),
                options.Memory);
            runner(running);
            problems.AddRange(running.Checks.Where(check => !check.Passed).Select(check => check.Problem!));
            problems.AddRange(running.Uncovered());
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            problems.AddRange(running?.Checks.Where(check => !check.Passed).Select(check => check.Problem!) ?? []);
            problems.Add(e is DiffractException or IOException or UnauthorizedAccessException
                ? e.Message
                : $"{e.GetType().Name}: {e.Message}");
        }
        if (problems.Count > 0 && running is { Meta.Unread: { Count: > 0 } unread })
            problems.Add($"settings that this kind's runner does not look at: {string.Join(", ", unread)}");
        var outcome = problems.Count == 0 ? CaseOutcome.Passed : CaseOutcome.Failed;
        return new CaseReport(fixture.Name, fixture.Kind, outcome, Stopwatch.GetElapsedTime(start).TotalSeconds,
            [.. running?.Checks ?? []], problems);
    }

    // A fixture of float64 numbers was computed in float64, and its tolerances may leave no room for float32.
    private static DType TypeOf(FixtureData data)
    {
        var floating = data.Tensors.Values.Where(t => t.DType.IsFloating()).ToArray();
        return floating.Length > 0 && floating.All(t => t.DType == DType.Float64) ? DType.Float64 : DType.Float32;
    }
}
