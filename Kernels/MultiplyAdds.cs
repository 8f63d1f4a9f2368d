namespace Diffract.Kernels;

/// <summary>Counts the multiply-accumulates of convolutions, matrix products and attention that a thread asks for,
/// forward and backward, as papers count them: by definition, whatever algorithm runs; without norms, activations,
/// biases, and the scores that attention's backward calculates again.
/// <code>
/// using var counter = MultiplyAdds.Count();
/// network.Forward(x, timesteps).Mean().Backward();
/// Console.WriteLine($"{counter.Total / 1e9} GMAC");
/// </code></summary>
/// <remarks>A counter inside another adds to both. What is recorded once and repeated counts every time.</remarks>
public sealed class MultiplyAdds : IDisposable
{
    // Ambient for the same reason as Engine.Scope: operators have no argument to carry it.
    [ThreadStatic]
    private static MultiplyAdds? current;

    private readonly MultiplyAdds? outer = current;
    private readonly bool isApart;
    private bool hasEnded;

    private MultiplyAdds(bool apart)
    {
        isApart = apart;
        current = this;
    }

    /// <summary>What was counted so far.</summary>
    public long Total { get; private set; }

    /// <summary>Counts on this thread until the result is disposed, on this thread too.</summary>
    /// <param name="apart">True when what is asked for does not run now, so that no other counter shall have
    /// it.</param>
    public static MultiplyAdds Count(bool apart = false) => new(apart);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (hasEnded) return;
        hasEnded = true;
        current = outer;
        if (!isApart && outer is not null) outer.Total += Total;
    }

    /// <summary>Counts work that no kernel is called for, such as a recording's.</summary>
    public static void Add(long products)
    {
        if (current is { } counter) counter.Total += products;
    }

    internal static void Add<TArgs>(in TArgs args) where TArgs : struct
    {
        if (current is { } counter && args is ICounted counted) counter.Total += counted.Products;
    }
}
