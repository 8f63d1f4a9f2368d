using System.Runtime.InteropServices;

namespace Diffract.Benchmarks.Baseline;

/// <summary>The reference kernels.</summary>
internal sealed unsafe class References : IDisposable
{
    private const nint Bytes = 64 << 20;

    private readonly int threads = Environment.ProcessorCount;
    private readonly byte* from = (byte*)NativeMemory.AllocZeroed((nuint)Bytes);
    private readonly byte* to = (byte*)NativeMemory.AllocZeroed((nuint)Bytes);

    /// <summary>Runs one of them once; about 10 ms.</summary>
    /// <returns>Seconds.</returns>
    public double Seconds(Reference reference) => reference == Reference.Arithmetic
        ? FmaPeak.Seconds(threads)
        : AllThreads.Seconds(threads, Copy);

    public void Dispose()
    {
        NativeMemory.Free(from);
        NativeMemory.Free(to);
    }

    private void Copy(int thread)
    {
        nint start = Bytes * thread / threads, end = Bytes * (thread + 1) / threads;
        Buffer.MemoryCopy(from + start, to + start, end - start, end - start);
    }
}
