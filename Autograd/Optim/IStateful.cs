namespace Diffract.Autograd;

/// <summary>Something with a state that belongs in a checkpoint. Loading what was saved restores it bit by bit.
/// </summary>
public interface IStateful
{
    /// <summary>The present state; its tensors share memory with this object.</summary>
    SavedState SaveState();

    /// <summary>Goes back to a saved state; its tensors are copied to where this object's are.</summary>
    /// <exception cref="StateException">The state belongs to something else. Nothing is loaded then.</exception>
    void LoadState(SavedState state);
}
