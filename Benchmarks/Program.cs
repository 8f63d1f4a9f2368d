using BenchmarkDotNet.Running;
using Diffract.Benchmarks;
using Diffract.Benchmarks.Baseline;
using Diffract.Benchmarks.Worker;

// Verbs of our own come first; everything else is BenchmarkDotNet's command line:
// dotnet run -c Release --project Benchmarks -- --filter '*GroupNorm*'
switch (args)
{
    case ["peak"]:
        FmaPeak.Print(Console.Out);
        return 0;
    case ["worker", .. [] or [_] or [_, _]]:
        if (WorkerMode.Parse(args.ElementAtOrDefault(1) ?? "fast") is not { } mode)
        {
            Console.Error.WriteLine($"the worker's mode is fast, balanced, lean or direct, not '{args[1]}'");
            return 2;
        }
        PeerWorker.Run(mode, args.ElementAtOrDefault(2), Console.In, Console.Out);
        return 0;
    case ["weights", var path]:
        PeerNetwork.Write(path);
        return 0;
    case ["outputs", var checkpoint, var file]:
        PeerOutputs.Write(checkpoint, file);
        return 0;
    case ["baseline", .. var options]:
        return RegressionCheck.Run(options, Console.Out);
    case ["ops", ..]:
        OpSpeed.Run(args.ElementAtOrDefault(1) ?? "");
        return 0;
    default:
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(FmaPeak).Assembly).Run(args, new KernelConfig());
        return summaries.All(s => !s.HasCriticalValidationErrors) ? 0 : 1;
}
