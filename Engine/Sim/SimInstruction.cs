namespace Diffract.Engine.Sim;

/// <summary>How an instruction moves a warp along.</summary>
internal enum SimKind
{
    Plain,
    Branch,
    Indexed,
    Exit,
}

/// <summary>An instruction that is ready to run.</summary>
/// <param name="Text">As it stands in the text.</param>
/// <param name="Kind">How it moves a warp along.</param>
/// <param name="Run">What a plain one does in the lanes of a mask.</param>
internal sealed record SimInstruction(string Text, SimKind Kind, Action<SimWarp, uint> Run)
{
    /// <summary>Row of the predicate it waits for, times 32; -1 for none.</summary>
    public int Guard { get; init; } = -1;

    /// <summary>True when it runs where the predicate is false.</summary>
    public bool GuardNegated { get; init; }

    /// <summary>Row of the number that an indexed branch chooses by, times 32.</summary>
    public int Choice { get; init; }

    /// <summary>Where a branch can go.</summary>
    public int[] Targets { get; init; } = [];

    /// <summary>The first instruction that all lanes reach again after a branch; <see cref="int.MaxValue"/> when they
    /// leave the kernel apart.</summary>
    public int Meeting { get; init; } = int.MaxValue;

    /// <summary>True when the text promises that all lanes go the same way.</summary>
    public bool IsUniform { get; init; }
}
