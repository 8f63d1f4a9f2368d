using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Diffract.Autograd;
using Diffract.Cases;
using Diffract.Engine;
using Diffract.Kernels;
using Diffract.Tests.OpTable;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace Diffract.Tests.Kernels;

/// <summary>A process in which the runtime was told to do without some instructions of the processor's.</summary>
internal static class WidthChild
{
    public const string Verb = "any-width";

    private static readonly TimeSpan patience = TimeSpan.FromMinutes(5);

    /// <summary>Starts the process with one of the runtime's switches, and returns the lines that it prints.</summary>
    public static string[] Start(string setting, string what)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [typeof(WidthChild).Assembly.Location, Verb, what])
        {
            RedirectStandardOutput = true,
        };
        var (name, value) = setting.Split('=') is [var left, var right] ? (left, right) : throw new FormatException();
        start.Environment["DOTNET_" + name] = value;
        using var child = Process.Start(start)!;
        var output = child.StandardOutput.ReadToEndAsync();
        if (!output.Wait(patience)) child.Kill();
        return output.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>True when a product that is added to is not rounded before.</summary>
    public static bool Fuses => float.MultiplyAddEstimate(1 + 1f / 8192, 1 - 1f / 8192, -1) != 0;

    /// <summary>In the child: prints the widths that it works with, and then what was asked for.</summary>
    public static void Run(string what)
    {
        Console.WriteLine($"floats {Tile.Width}, 256 bits {Vector256.IsHardwareAccelerated}, fused {Fuses}");
        foreach (var line in what == nameof(Bits) ? Bits() : Tests()) Console.WriteLine(line);
    }

    /// <summary>What every row of the op table results in, and its gradients, each as a line that names the row.
    /// </summary>
    public static IEnumerable<string> Bits()
    {
        foreach (var row in Cases.OpTable.All.Where(r => r.DTypes.Contains(DType.Float32)))
        {
            using var scope = Scope.Open();
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var result = Naive.Of(row.Run(row.Make(DType.Float32, Layout.Dense, Device.Cpu))).Values;
            double[]?[] all = [result, .. row.HasGradient ? Gradients.Of(row, DType.Float32, Device.Cpu) : []];
            foreach (var values in all) hash.AppendData(MemoryMarshal.AsBytes<double>(values));
            yield return $"{row}: {Convert.ToHexString(hash.GetHashAndReset())[..16]}";
        }
    }

    /// <summary>Runs the tests marked with <see cref="AnyWidthAttribute"/>: a line for each that failed, and how many
    /// passed.</summary>
    public static IEnumerable<string> Tests()
    {
        var failures = new Failures();
        var runner = new NUnitTestAssemblyRunner(new DefaultTestAssemblyBuilder());
        runner.Load(typeof(WidthChild).Assembly, new Dictionary<string, object>());
        var result = runner.Run(failures, TestFilter.FromXml("<filter><cat>AnyWidth</cat></filter>"));
        return [.. failures.Lines, $"passed {result.PassCount}"];
    }

    private sealed class Failures : ITestListener
    {
        public List<string> Lines { get; } = [];

        public void TestFinished(ITestResult result)
        {
            if (result.ResultState.Status != TestStatus.Failed || result.HasChildren) return;
            lock (Lines) Lines.Add($"{result.FullName}: {result.Message.ReplaceLineEndings(" ")}");
        }

        public void TestStarted(ITest test)
        {
        }

        public void TestOutput(TestOutput output)
        {
        }

        public void SendMessage(TestMessage message)
        {
        }
    }
}
