namespace Diffract.Tasks;

/// <summary>One piece of long work under way.</summary>
public interface IProgressBar : IDisposable
{
    /// <summary>Counts <paramref name="amount"/> more units. Cheap enough for every step; may be called from any
    /// thread.</summary>
    /// <param name="amount">Units done since the last call.</param>
    /// <param name="note">A few words on the state, such as the loss; the last one stays.</param>
    void Advance(long amount = 1, string? note = null);
}
