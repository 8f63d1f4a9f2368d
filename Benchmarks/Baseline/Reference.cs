namespace Diffract.Benchmarks.Baseline;

/// <summary>What a kernel's time is divided by. Neither depends on any code of the engine, so a ratio changes only with
/// the kernel, whatever the machine's speed is today.</summary>
internal enum Reference
{
    /// <summary>Multiply-adds in registers on all threads: for what arithmetic bounds.</summary>
    Arithmetic,

    /// <summary>A copy between two blocks larger than the caches on all threads: for what memory bounds.</summary>
    Memory,
}
