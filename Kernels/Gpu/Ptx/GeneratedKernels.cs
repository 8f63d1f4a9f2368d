namespace Diffract.Kernels;

/// <summary>Kernels of one kind, each made when it is first asked for. There are as many as a generator has variants.
/// </summary>
/// <typeparam name="TVariant">What they differ in, comparable by value.</typeparam>
/// <param name="make">Makes one.</param>
internal sealed class GeneratedKernels<TVariant>(Func<TVariant, GeneratedKernel> make) where TVariant : struct
{
    private readonly Lock gate = new();
    private readonly Dictionary<TVariant, GeneratedKernel> kernels = [];

    /// <summary>The kernel of a variant; the same object every time.</summary>
    public GeneratedKernel Of(TVariant variant)
    {
        lock (gate)
        {
            if (!kernels.TryGetValue(variant, out var kernel)) kernels[variant] = kernel = make(variant);
            return kernel;
        }
    }
}
