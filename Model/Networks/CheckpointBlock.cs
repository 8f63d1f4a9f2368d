namespace Diffract.Model;

/// <summary>What the names and shapes under one block say.</summary>
/// <param name="IsEmpty">No parameter at all: a change of resolution without convolution.</param>
/// <param name="IsRes">Starts with a residual block.</param>
/// <param name="InChannels">Of its residual block; 0 without one.</param>
/// <param name="OutChannels">Of its residual block or convolution.</param>
/// <param name="HasAttention">Has attention.</param>
/// <param name="EndsWithRes">Ends with a second residual block.</param>
/// <param name="EndsWithConv">Ends with an up-sampling convolution.</param>
internal readonly record struct CheckpointBlock(bool IsEmpty, bool IsRes, int InChannels, int OutChannels,
    bool HasAttention, bool EndsWithRes, bool EndsWithConv)
{
    public bool KeepsChannels => InChannels == OutChannels;
}
