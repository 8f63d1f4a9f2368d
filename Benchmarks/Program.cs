using BenchmarkDotNet.Running;

// dotnet run -c Release --project Benchmarks -- --filter *GroupNorm*
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
