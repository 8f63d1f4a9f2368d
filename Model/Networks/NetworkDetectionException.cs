using Diffract.Engine;

namespace Diffract.Model;

/// <summary>A checkpoint whose names and shapes fit no network that can be built.</summary>
/// <param name="message">What does not fit.</param>
/// <param name="lacksHeads">See <see cref="LacksHeads"/>.</param>
public sealed class NetworkDetectionException(string message, bool lacksHeads = false) : DiffractException(message)
{
    /// <summary>True when all fits, and only the attention heads have to be said.</summary>
    public bool LacksHeads { get; } = lacksHeads;
}
