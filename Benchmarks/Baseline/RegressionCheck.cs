using System.Diagnostics;

namespace Diffract.Benchmarks.Baseline;

/// <summary>Times the kernels that matter against reference kernels in the same process, alternating, and compares the
/// ratios with a committed file, so that a slow change is seen whatever the machine's speed is today.
/// <c>dotnet run -c Release --project Benchmarks -- baseline [--update] [--filter TEXT]</c></summary>
internal sealed class RegressionCheck : IDisposable
{
    private const double Slack = 0.15, Sample = 0.03, Budget = 3;
    private const int LeastSamples = 9;

    private static readonly string[] names = [.. Kernel.All.Select(kernel => kernel.Name)];

    private readonly References references = new();

    /// <summary>Runs the check.</summary>
    /// <returns>0 when no kernel is slower than the baseline says by more than 15 %, measured twice; 1 when one is, or
    /// when the file does not list the kernels there are; 2 when the arguments are wrong.</returns>
    public static int Run(ReadOnlySpan<string> arguments, TextWriter output)
    {
        var (update, filter) = (false, "");
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--update") update = true;
            else if (arguments[i] == "--filter" && i + 1 < arguments.Length) filter = arguments[++i];
            else
            {
                output.WriteLine($"'{arguments[i]}'? usage: baseline [--update] [--filter TEXT]");
                return 2;
            }
        }
        Kernel[] kernels = [.. Kernel.All.Where(k => k.Name.Contains(filter, StringComparison.Ordinal))];
        if (kernels.Length == 0)
        {
            output.WriteLine($"no kernel has '{filter}' in its name: {string.Join(' ', names)}");
            return 2;
        }
        using var check = new RegressionCheck();
        var file = BaselineFile.Read();
        return update ? check.Update(file, kernels, output) : check.Compare(file, kernels, output);
    }

    public void Dispose() => references.Dispose();

    private int Update(BaselineFile file, IReadOnlyList<Kernel> kernels, TextWriter output)
    {
        // A filter keeps the other rows, which only mean something beside rows of the same machine.
        if (file.Machine != BaselineFile.ThisMachine) file.Ratios.Clear();
        file.Machine = BaselineFile.ThisMachine;
        foreach (var gone in file.Ratios.Keys.Except(names).ToArray()) file.Ratios.Remove(gone);
        foreach (var kernel in kernels)
        {
            file.Ratios[kernel.Name] = Ratio(kernel);
            output.WriteLine($"{kernel.Name,-24}{file.Ratios[kernel.Name],10:0.000}");
        }
        file.Write();
        output.WriteLine("the baseline file is written");
        return 0;
    }

    private int Compare(BaselineFile file, IReadOnlyList<Kernel> kernels, TextWriter output)
    {
        if (file.Machine != BaselineFile.ThisMachine)
            output.WriteLine($"the baseline is from {file.Machine}; this is {BaselineFile.ThisMachine}, where ratios "
                + "can be others: see --update");
        output.WriteLine($"{"kernel",-24}{"ratio",10}{"baseline",10}{"change",9}");
        var failures = 0;
        foreach (var kernel in kernels)
        {
            var ratio = Ratio(kernel);
            if (!file.Ratios.TryGetValue(kernel.Name, out var expected))
            {
                output.WriteLine($"{kernel.Name,-24}{ratio,10:0.000}{"-",10}{"",9}  not in the baseline: see --update");
                failures++;
                continue;
            }
            var again = ratio > expected * (1 + Slack);
            if (again) ratio = Math.Min(ratio, Ratio(kernel));
            var slower = ratio > expected * (1 + Slack);
            if (slower) failures++;
            output.WriteLine($"{kernel.Name,-24}{ratio,10:0.000}{expected,10:0.000}{ratio / expected - 1,9:+0%;-0%;0%}"
                + (slower ? "  SLOWER" : again ? "  at the second attempt" : ""));
        }
        foreach (var gone in file.Ratios.Keys.Except(names))
        {
            output.WriteLine($"{gone,-24} is in the baseline and is no kernel: see --update");
            failures++;
        }
        output.WriteLine(failures == 0 ? "no kernel is slower" : $"{failures} of {kernels.Count} kernels need a look");
        return failures == 0 ? 0 : 1;
    }

    /// <summary>Median of the kernel's time divided by the mean of the reference's before and after it.</summary>
    private double Ratio(Kernel kernel)
    {
        using var work = kernel.Prepare();
        // The compiler replaces code that runs often, in the background.
        var warm = Stopwatch.StartNew();
        var once = work.Seconds();
        for (var run = 1; run < 3 || (run < 100 && warm.Elapsed.TotalSeconds < 0.5); run++)
            once = Math.Min(once, work.Seconds());
        var calls = Math.Clamp((int)(Sample / once), 1, 1000);
        // A long kernel needs a reference that sees some of what the machine goes through meanwhile.
        var rounds = Math.Clamp((int)(0.2 * once / references.Seconds(kernel.Reference)), 1, 20);
        var ratios = new List<double>();
        var watch = Stopwatch.StartNew();
        var before = Reference(kernel, rounds);
        while (ratios.Count < LeastSamples || watch.Elapsed.TotalSeconds < Budget)
        {
            var seconds = 0.0;
            for (var call = 0; call < calls; call++) seconds += work.Seconds();
            var after = Reference(kernel, rounds);
            ratios.Add(seconds / calls / ((before + after) / 2));
            before = after;
        }
        ratios.Sort();
        return ratios[ratios.Count / 2];
    }

    private double Reference(Kernel kernel, int rounds)
    {
        var seconds = 0.0;
        for (var round = 0; round < rounds; round++) seconds += references.Seconds(kernel.Reference);
        return seconds / rounds;
    }
}
