namespace Diffract.Model;

/// <summary>A layer whose memory is its weight, and whose operation takes it in 16 bits.</summary>
internal interface IWeighted
{
    /// <summary>The weight.</summary>
    Parameter Weights { get; }
}
