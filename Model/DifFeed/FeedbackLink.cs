namespace Diffract.Model;

/// <summary>One way of feedback: the first pass's map after a decoder block goes, through a feedback network, to what
/// the second pass has after an encoder block.</summary>
/// <param name="From">Number of the decoder block.</param>
/// <param name="To">Number of the encoder block.</param>
public readonly record struct FeedbackLink(int From, int To)
{
    /// <summary>"21:17".</summary>
    public override string ToString() => $"{From}:{To}";
}
